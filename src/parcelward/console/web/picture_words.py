"""Words of the pictures: how a case spreads, the time line of a parcel, places, profiles, and couriers over days."""

from collections.abc import Mapping

PICTURES: Mapping[str, tuple[str, str]] = {
    "columns_5min": ("每5分钟告警数", "alerts in 5 minutes"),
    "columns_hour": ("每小时告警数", "alerts an hour"),
    "columns_day": ("每日告警数", "alerts a day"),
    "columns_drawn": ("{each}，最多{most}条", "{each}, {most} at most"),
    "numbers_behind": ("查看数据", "The numbers"),
    "from_time": ("起始时间", "From"),
    "spread_outlets": ("按网点", "By outlet"),
    "spread_more": ("另有{n}个网点未列出。", "{n} more outlets are not shown."),
    "members_hint": (
        "勾选若干条，可只对这些作出决定；右侧的决定对全案有效。",
        "Tick some to decide these alone; a decision on the right is for all.",
    ),
    "reached": ("对{m}条告警中的{n}条生效。", "Taken on {n} of {m} alerts."),
    "reached_not": ("{n}条未生效：", "Not taken on {n}:"),
    "back_to_case": ("回到案件", "Back to the case"),
}
