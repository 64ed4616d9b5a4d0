COLDEST, WARMEST = -60, 60


def handler(event, context):
    """Lines of "TIME SENSOR CELSIUS" to readings; what is no reading is counted."""
    readings, rejected = [], 0
    for line in event["lines"].splitlines():
        try:
            at, sensor, text = line.split()
            celsius = float(text)
            if not COLDEST <= celsius <= WARMEST:
                raise ValueError(text)
        except ValueError as error:
            print(f"{event['file']}: rejected: {error}")
            rejected += 1
            continue
        readings.append({"sensor": sensor, "at": at, "celsius": celsius})
    return {"readings": readings, "rejected": rejected}
