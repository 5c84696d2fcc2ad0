"""Words of the pictures: how a case spreads, the time line of a parcel, places, profiles, and couriers over days."""

from collections.abc import Mapping

_TIME_LINE: Mapping[str, tuple[str, str]] = {
    "time_line_drawn": (
        "快件与告警的时间轴；内容与下方列表相同",
        "Time line of parcel and alert; the list below says the same",
    ),
    "time_line_reads": (
        "间隔较长的部分已缩短，下方注明时长；详情见下列。",
        "Long gaps are shortened; below stands how long they are. The list says more.",
    ),
    "now": ("现在", "now"),
    "course_scanned": ("过机安检（{where}）", "security scan ({where})"),
    "course_real_name_overdue": ("实名登记逾期未到", "the real-name record has not come in time"),
    "course_inspection_overdue": ("验视记录逾期未到", "the inspection record has not come in time"),
    "course_scan_overdue": ("过机记录逾期未到", "the scan record has not come in time"),
    "sign_accepted": ("收寄", "accepted"),
    "sign_inspected": ("验视", "inspected"),
    "sign_scanned": ("过机", "scanned"),
    "sign_late": ("逾期", "late"),
    "sign_raised": ("告警", "raised"),
    "sign_revised": ("更新", "revised"),
    "sign_told": ("下指令", "told"),
    "sign_answered": ("答复", "answered"),
    "sign_due": ("时限", "due"),
    "sign_not_taken": ("未生效", "not taken"),
    "sign_acknowledge": ("认领", "taken"),
    "sign_outcome": ("判定", "decided"),
    "sign_instruct": ("下令", "instructed"),
    "sign_release": ("放行", "let go"),
    "sign_assign": ("转交", "handed on"),
    "sign_snooze": ("暂缓", "put off"),
    "sign_reopen": ("重开", "reopened"),
    "sign_comment": ("备注", "note"),
    "sign_unanswered": ("未答复", "no answer"),
    "sign_miss": ("超时", "time over"),
    "sign_give_up": ("超期", "expired"),
    "sign_settle": ("归档", "closed"),
}

_PLACES: Mapping[str, tuple[str, str]] = {
    "places": ("两次读证的地点", "Where the document was read"),
    "places_drawn": ("两地相距{km:,}公里，相隔{span}", "two places {km:,} km apart, {span} between them"),
    "places_map": (
        "示意图：圆点为地级以上城市的大致位置，不含任何界线。A、B标在所属城市。",
        "A sketch: dots are cities, and no borders are drawn. A and B stand at the city of each county.",
    ),
    "places_line": (
        "示意图：缺少其中一地的区县，或区县与测得的距离不符，故只画距离，不画方位。",
        "A sketch of the distance alone: a county is not known, or the counties do not fit the distance measured.",
    ),
    "kilometres": ("{km:,}公里", "{km:,} km"),
    "letter": ("图中标记", "Letter"),
    "place": ("地区", "Place"),
    "place_unknown": ("未知", "unknown"),
    "place_of_outlet": ("按该网点其他快件推断", "from other parcels of this outlet"),
    "read_at": ("读证时间", "Read at"),
    "speeds_drawn": ("实际相隔时间与限速所需时间", "Time that was between, against the time needed at the limit"),
    "time_between": ("两次读证相隔", "Time between both"),
    "time_at_limit": ("按限值{kmh}公里/小时需要", "Needed at the limit of {kmh} km/h"),
    "places_reads": (
        "实际需时速{kmh:,}公里。可能有他人使用该证件，也可能其中一次的地点或时间有误。",
        "That needs {kmh:,} km/h. Somebody else may be using it, or one record has a wrong place or time.",
    ),
}

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
    **_TIME_LINE,
    **_PLACES,
}
