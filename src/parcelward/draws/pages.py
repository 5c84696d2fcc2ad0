"""The files that the public reads (公示), in Chinese: lists and method before a draw, results after it.

Codes of outlets and inspectors only, no names. The list of those drawn is no such file before the visits are over.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from parcelward.draws.announcement import PER_VISIT, TIERS, Announcement, rendered, sha256
from parcelward.draws.draw import Draw
from parcelward.draws.visits import FOUND_CHINESE, Results, VisitResult

TIER_CHINESE = {"A": "低", "B": "一般", "C": "较高", "D": "高"}
BASIS = "《快递暂行条例》关于随机抽取被检查企业、随机选派检查人员的规定"
MARK = "\ufeff"
"""Stands first in a CSV file, so that spreadsheets read it as UTF-8."""


def chinese_day(day: date) -> str:
    """Write a day as Chinese documents do.

    >>> chinese_day(date(2026, 12, 1))
    '2026年12月1日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_period(period: str) -> str:
    """Write a period as Chinese documents do: a month as one, any other by its name.

    >>> chinese_period("2026-12"), chinese_period("2027-Q1")
    ('2026年12月', '2027-Q1期')
    """
    if found := re.fullmatch("([0-9]{4})-(0[1-9]|1[0-2])", period):
        return f"{found[1]}年{int(found[2])}月"
    return f"{period}期"


def table(headings: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Write a CSV file that spreadsheets open."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([headings, *lines])
    return MARK + out.getvalue()


def before_files(announcement: Announcement) -> dict[str, str]:
    """Write what is published before the seed is known, by file name; `announcement.json` is written beside it."""
    outlets = announcement.outlets
    return {
        "notice.zh.md": _notice(announcement),
        "outlets.zh.csv": table(
            ("企业代码", "网点代码", "风险等级", "上次检查日期", "号数"),
            (
                (one.courier, one.outlet, one.tier, one.last_visit or "", announcement.tickets_of(one))
                for one in outlets
            ),
        ),
        "inspectors.zh.csv": table(("检查人员代码",), ((one,) for one in announcement.inspectors)),
    }


def _notice(announcement: Announcement) -> str:
    given = announcement
    tiers = Counter(outlet.tier for outlet in given.outlets)
    counted = "、".join(f"{tier}级（风险{TIER_CHINESE[tier]}）{tiers[tier]}个" for tier in TIERS if tiers[tier])
    base = "、".join(f"{tier}级{given.tickets[tier]}个号" for tier in TIERS)
    months = (
        f"距上次检查每满30日，再加计一次等级基数，最多加计{given.most_months}次；尚未检查过的网点按{given.most_months}次加计。"
        if given.most_months
        else "不因距上次检查的时间加计。"
    )
    return f"""# 关于开展{chinese_period(given.period)}快递网点“双随机、一公开”抽查的公告

依据{BASIS}，按照“双随机、一公开”监管要求，{given.authority}定于{chinese_day(given.first_day)}至{chinese_day(given.last_day)}对辖区快递网点开展随机抽查。现将有关事项公告如下：

一、抽查对象。列入本期检查对象名录库的快递网点共{len(given.outlets)}个，其中{counted}，本期抽取{given.visits}个。名录库见附件1（outlets.zh.csv）。

二、检查人员。列入本期执法检查人员名录库的人员共{len(given.inspectors)}名，以代码公示，见附件2（inspectors.zh.csv）。每个网点由{PER_VISIT}名检查人员检查，每名检查人员本期最多检查{given.most_visits}个网点。检查人员与被检查网点或者所属企业有利害关系的，实行回避，按抽取顺序递补。

三、抽查内容。收寄验视、实名收寄、过机安检等制度执行情况。

四、抽取办法。每个网点按风险等级和距上次检查的时间确定号数，号数越多，被抽中的可能性越大，每个网点至少有1个号。等级基数为：{base}。{months}各号按公开算法排序，依次抽取。寄件人的民族、籍贯、户籍所在地等不作为抽取依据。

五、随机种子。{_seed_source(given)}任何人均可凭公告文件和公布的种子重新计算，核对抽取结果。

六、结果公示。检查结束后，抽查结果依法向社会公示；名录库、种子和抽取记录一并公布，接受社会监督。

公告文件（announcement.json）SHA-256校验值：{sha256(rendered(given))}

{given.authority}

{chinese_day(given.announced_on)}
"""


def _seed_source(given: Announcement) -> str:
    parts = []
    if given.shares:
        named = "；".join(f"{one.holder}，{one.sha256}" for one in given.shares)
        parts.append(f"下列各方已各自生成保密的随机数，并先行公布其SHA-256校验值，抽取时当场公开：{named}。")
    if given.public is not None:
        form = "按公布顺序取{}个号码" if given.public.form == "numbers" else "取{}位十六进制数"
        named = f"{given.public.source}，{form.format(given.public.count)}"
        parts.append(f"{chinese_day(given.public.on)}产生的公开随机数（{named}）计入随机种子。")
    return "".join(parts) + "随机种子由上述数据按公开算法生成，公告发布时任何单位和个人均无法预知，事后也无法选择。"


def draw_table(draw: Draw) -> str:
    """Write the outlets and inspectors that were drawn, for those who send them out; not public before the visits."""
    return table(
        ("序号", "企业代码", "网点代码", "风险等级", "上次检查日期", "号数", "抽中号", "校验值", "检查人员"),
        (
            (
                visit.number,
                visit.outlet.courier,
                visit.outlet.outlet,
                visit.outlet.tier,
                visit.outlet.last_visit or "",
                visit.tickets,
                visit.ticket,
                visit.hash,
                "、".join(visit.inspectors) or "待商请其他机关派员",
            )
            for visit in draw.visits
        ),
    )


def after_files(draw: Draw, results: Results) -> dict[str, str]:
    """Write what is published after the visits, by file name; `draw.json` is published beside it."""
    return {"results.zh.md": _results_page(draw, results), "results.zh.csv": _results_table(results)}


def _results_table(results: Results) -> str:
    return table(
        ("企业代码", "网点代码", "检查日期", "检查结果", "问题类别", "抽验邮件快件数", "其中有问题件数"),
        (
            (
                one.courier,
                one.outlet,
                one.visited_on,
                one.result.chinese,
                "" if one.found is None else FOUND_CHINESE[one.found],
                one.parcels_checked,
                one.parcels_wrong,
            )
            for one in results.outcomes
        ),
    )


def _results_page(draw: Draw, results: Results) -> str:
    given = draw.announcement
    counted = Counter(one.result for one in results.outcomes)
    lines = "\n".join(f"| {result.chinese} | {counted[result]} |" for result in VisitResult if counted[result])
    checked = sum(one.parcels_checked for one in results.outcomes)
    wrong = sum(one.parcels_wrong for one in results.outcomes)
    still = f"另有{len(results.open)}个网点尚未取得检查结果，将另行公示。" if results.open else ""
    public = "" if draw.public_value is None else f"公开随机数：{draw.public_value}；"
    return f"""# {chinese_period(given.period)}快递网点“双随机、一公开”抽查结果公示

依据{BASIS}，{given.authority}于{chinese_day(given.first_day)}至{chinese_day(given.last_day)}组织开展了快递网点随机抽查。本期从{len(given.outlets)}个网点中随机抽取{len(draw.visits)}个，已取得检查结果{len(results.outcomes)}个，现场抽验邮件快件{checked}件，其中有问题{wrong}件。{still}各网点检查结果见附件（results.zh.csv）。现予公示。

| 检查结果 | 网点数 |
|---|---|
{lines}

{public}随机种子：{draw.seed}。抽取记录（draw.json）一并公布，可据此重新计算核对。抽查结果只反映检查当日的情况。

{given.authority}
"""
