"""The report in polars, the store read by connectorx."""

import os
import sys

import polars as pl

from periods import DAYS, FIRST_MONTH, MONTHS, PERIODS, RECENT

ROWS = []


def say(*fields):
    ROWS.append("|".join(str(field) for field in fields))


def read(store):
    uri = "sqlite://" + os.path.abspath(store)

    def query(sql):
        return pl.read_database_uri(sql, uri, engine="connectorx")

    day = lambda name: pl.col(name).str.to_date("%Y-%m-%d")
    customers = query("SELECT id, segment FROM customers")
    subscriptions = query("SELECT customer_id, mrr_minor, starts_on, ends_on FROM subscriptions").with_columns(
        day("starts_on"), day("ends_on").fill_null(pl.date(9999, 12, 31)))
    transactions = query("SELECT customer_id, at, amount_minor, cost_minor FROM transactions")
    return customers, subscriptions, transactions


def buy(transactions):
    recent = pl.col("at") >= pl.lit(RECENT).str.to_datetime("%Y-%m-%d")
    month = pl.col("at").dt.year() * 12 + pl.col("at").dt.month().cast(pl.Int32) - FIRST_MONTH
    # Bit n: bought in month n of the shop.
    bit = pl.lit(2, dtype=pl.Int64).pow(month.cast(pl.UInt32))
    amount = pl.col("amount_minor")
    return (
        transactions.lazy()
        .with_columns(pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"))
        .with_columns(recent.alias("is_recent"), bit.alias("bit"))
        .with_columns((amount * pl.col("is_recent")).alias("recent"))
        .group_by(pl.col("customer_id").alias("id"))
        .agg(
            pl.len().cast(pl.Int64).alias("n"), amount.sum().alias("revenue"), pl.col("cost_minor").sum().alias("cost"),
            pl.col("at").min().alias("first"), pl.col("at").max().alias("last"),
            pl.col("is_recent").sum().cast(pl.Int64).alias("recent_n"), pl.col("recent").sum(),
            pl.col("bit").bitwise_or().alias("months"))
        .collect()
    )


def hold(subscriptions):
    def on(n, day):
        day = pl.lit(day).str.to_date("%Y-%m-%d")
        running = (pl.col("starts_on") <= day) & (pl.col("ends_on") > day)
        return (pl.col("mrr_minor") * running).sum().alias(f"d{n}")

    return subscriptions.lazy().group_by(pl.col("customer_id").alias("id")).agg(
        pl.col("starts_on").min().alias("since"), *[on(n, day) for n, day in enumerate(DAYS)]).collect()


def churn(held):
    for name, a, b in PERIODS:
        before, after = pl.col(f"d{a}"), pl.col(f"d{b}")
        known = pl.col("since") <= pl.lit(DAYS[a]).str.to_date("%Y-%m-%d")
        opening, closing = before > 0, after > 0
        both, came = opening & closing, ~opening & closing
        counts = [opening, opening & ~closing, both, came & ~known, came & known, closing]
        moved = after - before
        sums = [
            before, before * ~closing, -moved * (both & (moved < 0)), moved * (both & (moved > 0)),
            after * (came & ~known), after * (came & known), after,
        ]
        columns = [column.sum().alias(str(n)) for n, column in enumerate(counts + sums)]
        row = held.select(columns).row(0)
        say("churn", name, *row[:6])
        say("mrr", name, *row[6:])


def segments(customers, bought, held):
    before, after = pl.col(f"d{len(DAYS) - 2}"), pl.col(f"d{len(DAYS) - 1}")
    sums = (
        customers.join(bought.select("id", "revenue"), on="id", how="left")
        .join(held, on="id", how="left")
        .group_by("segment")
        .agg(pl.len(), pl.col("revenue").sum(), (after > 0).sum().alias("closing"), after.sum().alias("mrr"),
             ((before > 0) & (after == 0)).sum().alias("churned"))
    )
    for row in sums.iter_rows():
        say("segment", *row)


def tile(bought, column):
    """SQL's ntile(5) over `column`, then the id."""
    n = bought.height
    order = bought.select(pl.arg_sort_by(column, "id")).to_series()
    place = pl.int_range(n, eager=True)
    large, size = n % 5, n // 5
    edge = large * (size + 1)
    tiles = pl.select(
        pl.when(place < edge).then(place // (size + 1)).otherwise(large + (place - edge) // max(size, 1)) + 1
    ).to_series()
    return pl.DataFrame({"at": order, "tile": tiles}).sort("at")["tile"]


def rfm(bought):
    bought = bought.with_columns(pl.col("last").dt.date().alias("last_on"))
    scores = bought.select(
        tile(bought, "last_on").alias("r"), tile(bought, "n").alias("f"), tile(bought, "revenue").alias("m"), "revenue")
    for row in scores.group_by("r", "f", "m").agg(pl.len(), pl.col("revenue").sum()).iter_rows():
        say("rfm", *row)


def value(bought, held):
    revenue = bought["revenue"].sort(descending=True)
    top = -(-len(revenue) * 2 // 10)
    say("ltv|historic", revenue.mean(), revenue.median(), revenue.head(top).sum() / revenue.sum())
    ticket = bought["recent"].sum() / bought["recent_n"].sum()
    per_year = bought["recent_n"].sum() / (bought["recent_n"] > 0).sum()
    days = (bought["last"].dt.date() - bought["first"].dt.date()).dt.total_days() + 1
    years = days.mean() / 365.25
    say("ltv|simple", ticket, per_year, years, ticket * per_year * years)
    before, after = held[f"d{len(DAYS) - 2}"], held[f"d{len(DAYS) - 1}"]
    arpa = after.sum() / (after > 0).sum()
    margin = (bought["revenue"].sum() - bought["cost"].sum()) / bought["revenue"].sum()
    rate = ((before > 0) & (after == 0)).sum() / (before > 0).sum()
    say("ltv|subscription", arpa, margin, rate, arpa * margin / rate)


def cohorts(bought):
    bits = [((pl.col("months") // 2**n) % 2).sum().alias(str(n)) for n in range(MONTHS)]
    table = bought.lazy().group_by(pl.col("first").dt.strftime("%Y-%m").alias("cohort")).agg(bits).collect()
    for cohort, *row in table.iter_rows():
        for n, buyers in enumerate(row):
            if buyers:
                say("cohort", cohort, n, buyers)


def main():
    customers, subscriptions, transactions = read(sys.argv[1])
    bought = buy(transactions)
    held = hold(subscriptions)
    stamp = "%Y-%m-%d %H:%M:%S"
    say("total", customers.height, bought.height, transactions.height, bought["revenue"].sum(),
        bought["first"].min().strftime(stamp), bought["last"].max().strftime(stamp))
    say("recent", bought["recent_n"].sum(), bought["recent"].sum())
    say("months", bought["months"].bitwise_count_ones().sum())
    say("cost", bought["cost"].sum())
    churn(held)
    segments(customers, bought, held)
    rfm(bought)
    value(bought, held)
    cohorts(bought)
    sys.stdout.write("\n".join(ROWS) + "\n")


main()
