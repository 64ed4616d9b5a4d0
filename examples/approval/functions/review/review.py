LIMIT = 200


def handler(expense, context):
    """Decides as the head of the department would."""
    if expense["amount"] <= LIMIT:
        return {"approved": True, "by": "Joan"}
    return {"approved": False, "by": "Joan", "why": f"over the limit of {LIMIT}"}
