"""Words of the page of the model."""

from collections.abc import Mapping

MODEL: Mapping[str, tuple[str, str]] = {
    "place_model": ("模型", "Model"),
    "is_a_hint": ("模型只作提示，由人判定。", "The model gives a hint; a person decides."),
    "what_it_is": (
        "模型根据快件的记录估计其不合规的可能性，不看实物，不拒收任何快件，也不是对人的评价。",
        "It estimates from the records of a parcel how probable a breach is. It sees no parcel, refuses none, and does"
        " not rate people.",
    ),
    "never_sees": (
        "模型不使用：姓名、证件号码、电话号码，民族、宗教信仰，籍贯、户籍所在地，性别、年龄，住址。",
        "It never sees: names, document or phone numbers; ethnicity or belief; home region; sex or age; addresses.",
    ),
    "simulated_only": (
        "此版本只用模拟数据训练和测试，测试指标不代表实际效果；实际效果以下列判定结果为准。",
        "This release was trained and tested on simulated traffic alone. Its test figures say nothing of real parcels:"
        " what people decided, below, does.",
    ),
    "no_card": (
        "研判台未读取任何模型（设置 model 为空或无法读取）。",
        "The console knows no model (the setting “model”).",
    ),
    "release": ("发布版本", "Release"),
    "threshold": ("单独告警的界限", "Threshold"),
    "threshold_means": (
        "评分达到{value}时，模型单独发出告警",
        "from a score of {value} the model alone raises an alert",
    ),
    "chosen_so": ("界限的选定", "Chosen so"),
    "trained_on": ("训练数据", "Trained on"),
    "features_used": ("使用的数据项", "Looks at"),
    "features_count": ("{n}项", "{n} values"),
    "card_limits": ("局限（模型卡原文）", "Its limits, as its card says them"),
    "read_them": ("查看", "Read them"),
    "test_figures": ("测试数据上的指标（模拟）", "On its test days (simulated)"),
    "test_said": (
        "告警比例{flagged}，查实率{precision}，查全率{recall}",
        "flags {flagged}, precision {precision}, recall {recall}",
    ),
    "model_precision": ("模型告警的查实率", "Precision of its hints"),
    "model_precision_hint": (
        "取最新10,000条告警中模型提示的告警；每条已判定的告警代表同一级别的全部告警，括号内为95%区间。",
        "Of the alerts with a hint of the model among the newest 10,000. Each decided alert stands for all of its lane;"
        " the interval holds 95 %.",
    ),
    "score_band": ("评分", "Score"),
    "band_said": ("{low}至{high}", "{low} to {high}"),
    "no_hint_yet": ("最新告警中没有模型提示。", "No hint of the model among the newest alerts."),
    "scores_head": ("模型提示的评分分布", "Scores of its hints"),
    "scores_hint": (
        "最新{n:,}条告警中，{scored:,}条有评分，其中{hints:,}条为模型提示，分布如图；虚线为界限。其余{rest:,}条由规则发出或随机抽取，评分较低。",
        "{scored:,} of the newest {n:,} alerts have a score. Drawn are the {hints:,} with a hint of the model; the"
        " dashed line is the threshold. The other {rest:,} are of rules or drawn by lot, and have a lower score.",
    ),
    "scores_drawn": ("评分0至1的分布", "Scores from 0 to 1"),
    "factors_head": ("提高评分最多的因素", "What raised scores most"),
    "factors_hint": (
        "取最新400条告警中模型提示的{n}条。条形为出现次数乘以其中位数（对数几率）。",
        "Of the {n} alerts with a hint among the newest 400. The bar is how often it did, times its middle weight in"
        " log-odds.",
    ),
    "in_alerts": ("出现次数", "In alerts"),
    "middle_weight": ("中位数", "Middle"),
    "versions_head": ("每日告警中的模型版本", "Versions in alerts, day by day"),
    "versions_hint": ("每日取最新{n}条告警，共14日。", "Of each day the newest {n} alerts, 14 days."),
    "version_drawn": ("{version}每日条数", "Alerts a day of {version}"),
    "another_model": (
        "部分最新告警由另一版本的模型评分",
        "Some of the newest alerts were scored by another model than the one shown here",
    ),
    "another_model_hint": ("下列“运行情况”说明各企业实际使用的版本。", "Below stands which one scored where."),
}
