"""Sanity check on data nobody here wrote: the risk model's recipe on simulated card fraud, against published figures.

Cards stand for senders and terminals for outlets. Data: Fraud Detection Handbook (Le Borgne et al. 2022), transactions
up to 2018-08-14; training 2018-07-25 to 07-31, a week of delay, test 2018-08-08 to 08-14, cards known as compromised
left out. Run: `.venv/bin/python tests/bench/fraud_handbook.py`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import parquet
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

DATA = Path(__file__).parents[3] / "shared/data/fraud-handbook/transactions_2018-04-01_2018-08-14.parquet"
FIRST_TRAINING_DAY = 115  # 2018-07-25, counted from 2018-04-01
DAYS = 7  # of training, of delay until frauds are known, of test
DAY_S = 86_400
PUBLISHED = {  # AUC, average precision, card precision at 100
    "logistic regression": (0.871, 0.606, 0.291),
    "random forest": (0.867, 0.658, 0.287),
    "XGBoost, defaults": (0.862, 0.639, 0.273),
    "XGBoost, tuned": (0.872, 0.687, 0.303),
}
Column = NDArray[Any]


def main() -> None:
    """Print AUC, average precision and card precision at 100 beside the published ones."""
    if not DATA.is_file():
        sys.exit(f"{DATA} is absent; skipped")
    table = parquet.read_table(DATA).sort_by("TX_DATETIME")
    column = {name: table[name].to_numpy() for name in table.column_names}
    time_s = (column["TX_DATETIME"] - np.datetime64("2018-04-01")).astype("timedelta64[s]").astype(np.int64)
    card, fraud = column["CUSTOMER_ID"].astype(np.int64), column["TX_FRAUD"].astype(np.int64)
    features = feature_matrix(time_s, card, column["TERMINAL_ID"].astype(np.int64), column["TX_AMOUNT"], fraud)
    day = time_s // DAY_S
    train = (day >= FIRST_TRAINING_DAY) & (day < FIRST_TRAINING_DAY + DAYS)
    test = test_rows(day, card, fraud)
    model = HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=15, learning_rate=0.08, min_samples_leaf=20, l2_regularization=1.0,
        max_features=0.25, early_stopping=False, random_state=1,
    ).fit(features[train], fraud[train])  # fmt: skip
    score = model.predict_proba(features[test])[:, 1]
    ours = (
        roc_auc_score(fraud[test], score),
        average_precision_score(fraud[test], score),
        card_precision(score, day[test], card[test], fraud[test]),
    )
    print(
        f"train {train.sum():,} rows ({fraud[train].mean():.3%} fraud), test {test.sum():,} ({fraud[test].mean():.3%})"
    )
    print(f"{'':24}{'AUC':>8}{'AP':>8}{'CP@100':>8}")
    for name, figures in {"this recipe": ours, **PUBLISHED}.items():
        print(f"{name:24}" + "".join(f"{figure:8.3f}" for figure in figures))


def feature_matrix(time_s: Column, card: Column, terminal: Column, amount: Column, fraud: Column) -> Column:
    """The 15 features of the handbook, as float32."""
    weekday, hour = (time_s // DAY_S + 6) % 7, time_s % DAY_S // 3600  # 2018-04-01 was a Sunday
    columns = [amount, weekday >= 5, hour <= 6]
    for days in (1, 7, 30):
        count, total = sums_within(card, time_s, 0, days * DAY_S, amount)
        columns += [count, total / np.maximum(count, 1)]
    for days in (1, 7, 30):
        count, frauds = sums_within(terminal, time_s, DAYS * DAY_S, days * DAY_S, fraud)
        columns += [count, frauds / np.maximum(count, 1)]
    return np.column_stack(columns).astype(np.float32)


def sums_within(group: Column, time_s: Column, delay_s: int, length_s: int, value: Column) -> tuple[Column, Column]:
    """Per row: count and sum of `value` over its group's rows in (t - delay - length, t - delay]."""
    order = np.lexsort((time_s, group))
    key = group[order] * (1 << 32) + time_s[order] + (1 << 24)
    until = np.searchsorted(key, key - delay_s, side="right")
    since = np.searchsorted(key, key - delay_s - length_s, side="right")
    cumulated = np.concatenate([[0.0], np.cumsum(value[order], dtype=np.float64)])
    count, total = np.empty(len(key)), np.empty(len(key))
    count[order], total[order] = until - since, cumulated[until] - cumulated[since]
    return count, total


def test_rows(day: Column, card: Column, fraud: Column) -> Column:
    """Rows of the test week whose card is not known as compromised by then."""
    kept = np.zeros(len(day), dtype=bool)
    trained = (day >= FIRST_TRAINING_DAY) & (day < FIRST_TRAINING_DAY + DAYS)
    known = set(card[trained & (fraud == 1)].tolist())
    for offset in range(DAYS):
        revealed = day == FIRST_TRAINING_DAY + DAYS + offset - 1
        known |= set(card[revealed & (fraud == 1)].tolist())
        today = day == FIRST_TRAINING_DAY + 2 * DAYS + offset
        kept |= today & ~np.isin(card, list(known))
    return kept


def card_precision(score: Column, day: Column, card: Column, fraud: Column, reviewed: int = 100) -> float:
    """Mean over days of the share of compromised cards among the `reviewed` with the highest score.

    Each card counts once a day; a compromised card that was found is blocked and not reviewed again.
    """
    shares: list[float] = []
    blocked: set[int] = set()
    for today in np.unique(day):
        rows = (day == today) & ~np.isin(card, list(blocked))
        cards, number = np.unique(card[rows], return_inverse=True)
        highest, compromised = np.full(len(cards), -np.inf), np.zeros(len(cards), dtype=bool)
        np.maximum.at(highest, number, score[rows])
        np.logical_or.at(compromised, number, fraud[rows] == 1)
        top = np.argsort(-highest, kind="stable")[:reviewed]
        shares.append(float(compromised[top].sum()) / reviewed)
        blocked |= set(cards[top][compromised[top]].tolist())
    return float(np.mean(shares))


if __name__ == "__main__":
    main()
