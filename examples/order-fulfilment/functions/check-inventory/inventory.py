"""Reserves one line of an order. The name of the exception is the error name the workflow catches."""

import os

ON_SHELF = {"BOOK-01": 12, "MUG-07": 40, "PEN-03": 500}


class OutOfStock(Exception):
    pass


def reserve(event, context):
    sku, quantity = event["sku"], event["quantity"]
    left = ON_SHELF.get(sku, 0)
    print(f"line {event['line']}: {quantity} x {sku}, {left} on the shelf")
    if quantity > left:
        raise OutOfStock(f"{quantity} x {sku} wanted, {left} on the shelf")
    return {"status": "reserved", "warehouse": os.environ["WAREHOUSE"]}
