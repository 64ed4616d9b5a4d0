"""Charges a card at a payment gateway that is always down for the first attempt.

The workflow passes the number of retries so far as `attempt`, so the first attempt fails and the
second one succeeds, every time: what you see is the workflow's Retry, not chance. A real charge
would send `order_id` along as the gateway's idempotency key, so that trying again is harmless.
"""

import hashlib


class GatewayTimeout(Exception):
    """Worth another attempt."""


class CardDeclined(Exception):
    """Will not get better by trying again."""


def charge(event, context):
    amount = f"{event['amount']:.2f} {event['currency']}"
    if event["attempt"] == 0:
        raise GatewayTimeout(f"no answer from the gateway while charging {amount}")
    if event["card"].endswith("declined"):
        raise CardDeclined(f"the bank refused {amount}")
    print(f"charged {amount} for {event['order_id']}")
    digest = hashlib.sha256(event["order_id"].encode()).hexdigest()
    return {"payment_id": f"pay-{digest[:8]}", "attempts": event["attempt"] + 1}
