"""An effect with a witness: every call appends its idempotency key to the ledger."""
import os
import time


class Flaky(Exception):
    pass


def handler(event, context):
    line = f"{context.pawl_idempotency_key}\n".encode()
    ledger = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(ledger, line)
    finally:
        os.close(ledger)
    time.sleep(0.05)  # widens the window between the effect and its durable answer
    if event["flaky"] and event["attempt"] == 0:
        raise Flaky("the first attempt fails on purpose")
    return {"doubled": event["item"] * 2}
