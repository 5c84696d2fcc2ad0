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

_COURIER_DAYS: Mapping[str, tuple[str, str]] = {
    "charts_head": ("近15日走势", "The last 15 days"),
    "charts_hint": (
        "虚线为往日中位数；带问号的虚框为无对账单之日；最近一日颜色较深。鼠标停在柱上可见当日数值，单个企业页面另有逐日表。",
        "The dashed line is the median of the days before; a dashed box with ? is a day without an account; the newest"
        " day is dark. The page of one courier has the numbers day by day.",
    ),
    "measure_answers": ("答复用时（分钟，中位数）", "Minutes to answer, median"),
    "chart_newest": ("最近一日{n:,}", "· newest day {n:,}"),
    "chart_silent": ("无数据", "nothing known"),
    "chart_drawn": (
        "{courier}：{what}，{first}至{last}，最高{most:,}",
        "{courier}: {what}, {first} to {last}, {most:,} at most",
    ),
    "chart_missing": ("其中{n}日无对账单", "{n} days without an account"),
}

_CREDIT: Mapping[str, tuple[str, str]] = {
    "credit": ("信用情况", "Credit view"),
    "back_to_couriers": ("回到快递企业", "Back to the couriers"),
    "credit_reads": (
        "以下均为事实及其95%区间，不合成总分。数量不足20件的不给出比例。"
        "数字只说明企业和网点履行义务的情况，不针对任何个人，须由人解读。",
        "These are facts, each with the interval in which the true share lies (95%). There is no total score. On fewer"
        " than 20 cases no share is given. Nothing is said of a person, and what a figure means is for people.",
    ),
    "credit_rests": ("依据{since}以来的{n:,}条告警和抽检。", "From {n:,} alerts and random checks since {since}."),
    "credit_rests_cut": (
        "只取最近有变动的{n:,}条告警和抽检，最早的为{since}。全部数据见命令 parcelward outcomes。",
        "From the {n:,} alerts and random checks that moved last, the oldest of {since}. The command"
        " parcelward outcomes counts all.",
    ),
    "credit_no_visits": (
        "双随机检查的结果不计入此处，见“随机抽查”页面。",
        "Double-random visits are not counted in here; they stand on the page of random checks.",
    ),
    "credit_controls": (
        "另有{n}件抽检处于管控期内，抽取比例不同，未计入。",
        "{n} random checks under a control period were drawn at another rate, and are left out.",
    ),
    "credit_head": ("企业与网点", "Courier and outlets"),
    "courier_or_outlet": ("企业、网点", "Courier, outlet"),
    "credit_duties_kept": ("义务履行", "Duties kept"),
    "credit_confirmed": ("告警查实", "Alerts confirmed"),
    "credit_answered": ("未经催办即答复", "Answered unreminded"),
    "credit_random_checks": ("随机抽检有问题", "Wrong in random checks"),
    "credit_times": ("答复用时", "Time to answer"),
    "credit_within": ("半数{half}内，九成{most}内", "half within {half}, 9 of 10 within {most}"),
    "too_few_to_say": ("数量太少，不作结论", "too few to say"),
    "credit_few": ("数量太少，不作结论：{m:,}件中{n:,}件", "too few to say: {n:,} of {m:,}"),
    "n_of_m": ("{m:,}件中{n:,}件", "{n:,} of {m:,}"),
    "credit_means": ("各项含义", "What each means"),
    "credit_duties_kept_means": (
        "登记、验视、过机没有缺失也未查实造假的快件所占比例；快件总数按随机抽检的比例推算。误报不计，造假只有查实后才计。",
        "Parcels of which no record was missing, and none was found to be faked. How many parcels there were follows"
        " from the rate of random checks. False alarms do not count; a suspicion counts when somebody confirmed it.",
    ),
    "credit_confirmed_means": (
        "规则和模型发出的告警中，经人查实的比例，按红、黄两级加权；不含随机抽检。",
        "Of the alerts of rules and model, those that people confirmed; red and yellow are weighted. Random checks are"
        " not in it.",
    ),
    "credit_answered_means": (
        "在首次催办之前答复的指令所占比例。",
        "Instructions that were answered before the first reminder.",
    ),
    "credit_random_checks_means": (
        "随机抽检的快件中查出问题的比例；这些快件事先没有任何告警。",
        "Of the parcels that were drawn at random and looked at, those with something wrong. Nothing had been raised on"
        " them.",
    ),
}

_PROFILES: Mapping[str, tuple[str, str]] = {
    "profiles": ("所依据的计数", "The counts behind it"),
    "profile_of_document": ("该寄件证件（各企业、各网点合计）", "this document, over all couriers and outlets"),
    "profile_of_phone": ("该寄件电话（各企业、各网点合计）", "this phone, over all couriers and outlets"),
    "profile_of_operator": ("该揽收员", "this operator"),
    "profile_of_outlet": ("该网点", "this outlet"),
    "profile_window": ("{begin}至{end}", "{begin} to {end}"),
    "profile_about": ("约{n:,}", "about {n:,}"),
    "profile_limit": ("限值{n}", "limit {n}"),
    "profile_drawn": ("{what}：{value}，每柱{span}", "{what}: {value}; each column is {span}"),
    "profile_events": ("每柱{span}。", "Each column is {span}."),
    "profile_new_values": (
        "每柱{span}；每个不同的值只在首次出现时计一次。",
        "Each column is {span}; each value counts once, where it came first.",
    ),
    "profile_pale": ("着色区间计入；此前的柱为浅色，不计入。", "The shaded part counts; what came before is pale."),
    "profile_estimated": (
        "数量很大，总数为估计值，柱高为样本。",
        "There are many: the total is estimated from a sample, which is drawn.",
    ),
    "profile_counted": ("计入的记录：最近{n}条，共{m}", "What was counted: the newest {n} of {m}"),
    "profile_counts_only": ("这里只保存数量，不保存每一件。", "Only counts are kept here, not each parcel."),
    "profile_count": ("数量", "Count"),
    "waybill": ("运单号", "Waybill"),
    "this_parcel": ("本件", "this parcel"),
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
    **_COURIER_DAYS,
    **_CREDIT,
    **_PROFILES,
}
