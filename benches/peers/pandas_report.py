"""The report in pandas, the store read by Python's own sqlite3."""

import sqlite3
import sys

import numpy as np
import pandas as pd

from periods import DAYS, FIRST_MONTH, MONTHS, PERIODS, RECENT

ROWS = []


def say(*fields):
    ROWS.append("|".join(str(field) for field in fields))


def tile(order):
    """SQL's ntile(5): places in `order` cut into five, the first ones larger by one where it does not fit."""
    n = len(order)
    sizes = [n // 5 + (1 if k < n % 5 else 0) for k in range(5)]
    tiles = np.empty(n, dtype=np.int8)
    tiles[order] = np.repeat(np.arange(1, 6, dtype=np.int8), sizes)
    return tiles


def read(db):
    customers = pd.read_sql_query("SELECT id, segment FROM customers", db)
    subscriptions = pd.read_sql_query("SELECT customer_id, mrr_minor, starts_on, ends_on FROM subscriptions", db)
    for column in ("starts_on", "ends_on"):
        subscriptions[column] = pd.to_datetime(subscriptions[column], format="%Y-%m-%d")
    # In chunks: all the timestamps as text at once would take gigabytes.
    parts = []
    sql = "SELECT customer_id, at, amount_minor, cost_minor FROM transactions"
    for part in pd.read_sql_query(sql, db, chunksize=500_000):
        part["at"] = pd.to_datetime(part["at"], format="%Y-%m-%d %H:%M:%S")
        parts.append(part)
    return customers, subscriptions, pd.concat(parts, ignore_index=True)


def buy(transactions):
    recent = transactions["at"] >= RECENT
    transactions["recent_n"] = recent.astype("int64")
    transactions["recent"] = transactions["amount_minor"].where(recent, 0)
    at = transactions["at"].dt
    month = at.year * 12 + at.month - FIRST_MONTH
    bought = transactions.groupby("customer_id").agg(
        n=("at", "size"), revenue=("amount_minor", "sum"), cost=("cost_minor", "sum"), first=("at", "min"),
        last=("at", "max"), recent_n=("recent_n", "sum"), recent=("recent", "sum"))
    months = pd.unique(transactions["customer_id"].to_numpy() * 64 + month.to_numpy())
    return bought, months


def hold(subscriptions):
    by = subscriptions["customer_id"]
    columns = {"since": subscriptions.groupby(by)["starts_on"].min()}
    ends = subscriptions["ends_on"].fillna(pd.Timestamp("2200-01-01"))
    for n, day in enumerate(DAYS):
        running = (subscriptions["starts_on"] <= day) & (ends > day)
        columns[f"d{n}"] = subscriptions["mrr_minor"].where(running, 0).groupby(by).sum()
    return pd.DataFrame(columns)


def churn(held):
    for name, a, b in PERIODS:
        before, after = held[f"d{a}"], held[f"d{b}"]
        known = held["since"] <= DAYS[a]
        opening, closing = before > 0, after > 0
        both, came = opening & closing, ~opening & closing
        say("churn", name, opening.sum(), (opening & ~closing).sum(), both.sum(), (came & ~known).sum(),
            (came & known).sum(), closing.sum())
        moved = (after - before)[both]
        say("mrr", name, before.sum(), before[~closing].sum(), -moved[moved < 0].sum(), moved[moved > 0].sum(),
            after[came & ~known].sum(), after[came & known].sum(), after.sum())


def segments(customers, bought, held):
    before, after = f"d{len(DAYS) - 2}", f"d{len(DAYS) - 1}"
    joined = customers.set_index("id").join(bought["revenue"]).join(held[[before, after]])
    joined = joined.fillna({"revenue": 0, before: 0, after: 0})
    joined["closing"] = joined[after] > 0
    joined["churned"] = (joined[before] > 0) & ~joined["closing"]
    sums = joined.groupby("segment").agg(
        n=("revenue", "size"), revenue=("revenue", "sum"), closing=("closing", "sum"), mrr=(after, "sum"),
        churned=("churned", "sum"))
    for row in sums.itertuples():
        say("segment", row.Index, row.n, int(row.revenue), row.closing, int(row.mrr), row.churned)


def rfm(bought):
    ids = bought.index.to_numpy()
    scores = pd.DataFrame({
        "r": tile(np.lexsort((ids, bought["last"].dt.normalize().to_numpy()))),
        "f": tile(np.lexsort((ids, bought["n"].to_numpy()))),
        "m": tile(np.lexsort((ids, bought["revenue"].to_numpy()))),
        "revenue": bought["revenue"].to_numpy(),
    })
    for row in scores.groupby(["r", "f", "m"])["revenue"].agg(["size", "sum"]).itertuples():
        say("rfm", *row.Index, row.size, row.sum)


def value(bought, held):
    revenue = bought["revenue"].sort_values(ascending=False)
    top = -(-len(revenue) * 2 // 10)
    say("ltv|historic", float(revenue.mean()), float(revenue.median()), revenue.iloc[:top].sum() / revenue.sum())
    ticket = bought["recent"].sum() / bought["recent_n"].sum()
    per_year = bought["recent_n"].sum() / (bought["recent_n"] > 0).sum()
    days = (bought["last"].dt.normalize() - bought["first"].dt.normalize()).dt.days + 1
    years = days.mean() / 365.25
    say("ltv|simple", ticket, per_year, years, ticket * per_year * years)
    before, after = held[f"d{len(DAYS) - 2}"], held[f"d{len(DAYS) - 1}"]
    arpa = after.sum() / (after > 0).sum()
    margin = (bought["revenue"] - bought["cost"]).sum() / bought["revenue"].sum()
    rate = ((before > 0) & (after == 0)).sum() / (before > 0).sum()
    say("ltv|subscription", arpa, margin, rate, arpa * margin / rate)


def cohorts(bought, months):
    first = bought["first"].dt
    cohort = pd.Series((first.year * 12 + first.month - FIRST_MONTH).to_numpy(), index=bought.index)
    cells = cohort.reindex(months // 64).to_numpy() * 64 + months % 64
    for cell, buyers in zip(*np.unique(cells, return_counts=True)):
        year, month = divmod(FIRST_MONTH - 1 + cell // 64, 12)
        assert cell % 64 < MONTHS
        say("cohort", f"{year}-{month + 1:02}", cell % 64, buyers)


def main():
    customers, subscriptions, transactions = read(sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True))
    bought, months = buy(transactions)
    held = hold(subscriptions)
    say("total", len(customers), len(bought), len(transactions), bought["revenue"].sum(), bought["first"].min(),
        bought["last"].max())
    say("recent", bought["recent_n"].sum(), bought["recent"].sum())
    say("months", len(months))
    say("cost", bought["cost"].sum())
    churn(held)
    segments(customers, bought, held)
    rfm(bought)
    value(bought, held)
    cohorts(bought, months)
    sys.stdout.write("\n".join(ROWS) + "\n")


main()
