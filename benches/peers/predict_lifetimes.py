"""Fits Lifetimes 0.11.3 (BG/NBD, Gamma-Gamma) to a CSV of customers, and prints parameters and seconds of processor time.

The CSV is what `PREDICT_CSV=FOLDER cargo bench --bench predict` writes:
repeats,recency_days,age_days,spend_minor.

    pip install lifetimes==0.11.3
    python predict_lifetimes.py FOLDER/buyers_2357.csv
"""

import json
import resource
import sys
import time
import warnings

import pandas
from lifetimes import BetaGeoFitter, GammaGammaFitter

MONTH_WEEKS = 30.4375 / 7


def main(path):
    warnings.filterwarnings("ignore")
    customers = pandas.read_csv(path)
    repeats = customers.repeats
    recency, age = customers.recency_days / 7, customers.age_days / 7
    average = (customers.spend_minor / repeats.clip(lower=1)).where(repeats > 0, 0.0)

    start = time.process_time()
    model = BetaGeoFitter()
    model.fit(repeats, recency, age)
    fitted = time.process_time()
    model.conditional_probability_alive(repeats, recency, age)
    expected = model.predict(52, repeats, recency, age)
    predicted = time.process_time()
    known = (repeats > 0) & (average > 0)
    spend = GammaGammaFitter()
    spend.fit(repeats[known], average[known])
    worth = spend.conditional_expected_average_profit(repeats, average)
    monthly = 1.1 ** (1 / 12)
    value, before = 0, 0
    for month in range(1, 13):
        until = model.predict(month * MONTH_WEEKS, repeats, recency, age)
        value, before = value + worth * (until - before) / monthly**month, until
    ended = time.process_time()
    print(
        json.dumps(
            {
                "customers": len(customers),
                "bgnbd": dict(model.params_),
                "gamma_gamma": dict(spend.params_),
                "purchases_52_weeks": float(expected.sum()),
                "value": float(value.sum()),
                "seconds": {
                    "fit": fitted - start,
                    "fit and purchases": predicted - start,
                    "fit both and value": ended - start,
                },
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


main(sys.argv[1])
