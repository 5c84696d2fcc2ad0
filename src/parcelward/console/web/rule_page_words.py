"""Words of the pages of rules and of the model."""

from collections.abc import Mapping

RULES: Mapping[str, tuple[str, str]] = {
    "place_rules": ("规则", "Rules"),
    "pack_said": ("规则包{version}，哈希{hash}，共{n}条", "pack {version}, hash {hash}, {n} rules"),
    "not_read": ("文件无法读取", "A file could not be read"),
    "another_pack": (
        "部分最新告警由另一规则包判定",
        "Some of the newest alerts were judged by another pack than the one shown here",
    ),
    "another_pack_hint": (
        "规则说明以研判台所读规则包为准，各企业实际使用的版本见“运行情况”。",
        "What rules say is shown from the pack that the console reads; below stands which one judged where.",
    ),
    "another_one": ("另一版本", "another one"),
    "rules_head": ("各规则情况，告警最多的在前", "Each rule, the one with most alerts first"),
    "rules_hint": (
        "告警数不含已被后续记录解除的。“查实率”按红色、黄色分别加权估计，括号内为95%区间；一条告警涉及多条规则时各计一次。",
        "Alerts that later records cleared are not counted. Precision is weighed by lane, red and others; the interval"
        " holds 95 %. An alert counts for each of its rules.",
    ),
    "decided_whole": ("依据近60日的{n:,}条已判定告警。", "From the {n:,} alerts that were decided in 60 days."),
    "decided_cut": ("依据最近判定的{n:,}条告警。", "From the newest {n:,} decided alerts."),
    "quiet_rules": ("近14日没有告警、也没有判定的规则", "Without an alert in 14 days, and without a decision"),
    "severity": ("严重程度", "Severity"),
    "alerts_14_days": ("近14日告警", "Alerts, 14 days"),
    "together": ("合计", "Together"),
    "open_now": ("未了结", "Open"),
    "precision": ("查实率", "Precision"),
    "false_alarms": ("误报", "False alarms"),
    "share_between": ("（{low}至{high}）", "({low} to {high})"),
    "share_rests": ("已判定{m:,}条，查实{n:,}条", "{n:,} of {m:,} decided were right"),
    "share_few": ("数量太少，不作估计：{m}条中{n}条查实", "too few to say: {n} of {m}"),
    "share_none": ("尚无判定", "nobody has decided"),
    "alerts_drawn": (
        "{rule}近14日每日告警，共{n}条，其中红色{red}条",
        "Alerts of {rule} a day in 14 days: {n}, {red} of them red",
    ),
    "not_in_pack": ("研判台所读规则包中没有此规则", "not in the pack that the console reads"),
    "runs_where": ("运行情况", "What runs where"),
    "runs_hint": (
        "取自最新400条告警自身的记载；其中没有的企业不列出。",
        "As the newest 400 alerts say of themselves; a courier without one of them is not listed.",
    ),
    "rule_pack": ("规则包", "Rule pack"),
    "model_version": ("模型", "Model"),
    "no_model": ("无", "none"),
    "newest_of_it": ("最近一条", "Newest"),
    "no_alert_yet": ("尚无告警。", "No alert yet."),
    "cost": ("运算量", "Cost"),
    "cost_of_pack": (
        "每次筛查至多{n:,}步（上限{most:,}步）。这是载入时算出的上限，不是实测值；一步为一次运算。",
        "At most {n:,} steps for one screening (a pack may have {most:,}). This is a bound that is known when the pack"
        " is read, and no measurement; a step is one operation.",
    ),
    "cost_of_rule": ("每次筛查至多{n:,}步", "at most {n:,} steps for one screening"),
    "all_rules": ("全部规则", "All rules"),
    "rule_version": ("第{n}版，规则包{pack}", "version {n}, pack {pack}"),
    "about_rule": ("说明", "About"),
    "law_is": ("法律依据", "Law"),
    "proposes": ("建议措施", "Proposes"),
    "cleared_by": ("解除条件", "Cleared by"),
    "looks_at": ("依据的数据", "Looks at"),
    "limits_are": ("限值{limits}", "limit {limits}"),
    "expression": ("表达式", "Expression"),
    "alerts_and_red": ("共{n:,}条，其中红色{red:,}条。", "{n:,}, of them {red:,} red."),
    "red_in_bars": ("红色部分为红色告警", "the red part are red alerts"),
    "hit_outlets": ("告警最多的网点", "Outlets with most of them"),
    "hit_outlets_hint": (
        "此规则最新{n:,}条告警中的分布（至多看2,000条）。未按业务量折算。",
        "Among the newest {n:,} alerts of this rule (2,000 at most). Parcels are not counted.",
    ),
    "precision_hint": (
        "每条已判定的告警代表同一级别的全部告警；不足20条不作估计。",
        "Each decided alert stands for all of its lane. With fewer than 20 nothing is estimated.",
    ),
    "to_open": ("查看未了结的{n:,}条", "Its {n:,} open alerts"),
    "to_all": ("查看全部告警", "All of its alerts"),
    "newest_false_alarms": ("最近的误报", "Newest false alarms"),
}
