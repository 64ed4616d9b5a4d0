# shellcheck shell=bash
# Prints a parcel label. Called by ./bootstrap with the event as $1; what it writes to stdout is the
# answer, what it writes to stderr goes to the log, and a status other than 0 is an error.

# The text of member $2 in the flat JSON object $1. Enough for this event; use jq for anything more.
member() {
  [[ $1 =~ \"$2\"[[:space:]]*:[[:space:]]*\"([^\"]*)\" ]] || {
    echo "the event has no text member '$2'" >&2
    return 1
  }
  printf '%s' "${BASH_REMATCH[1]}"
}

handler() {
  local order_id name country
  order_id=$(member "$1" order_id) || return
  name=$(member "$1" name) || return
  country=$(member "$1" country) || return

  printf 'label for %s: %s, %s\n' "$order_id" "$name" "$country" >&2
  printf '{"tracking": "PW-%s-%s", "carrier": "Pigeon Post"}' "$country" "$order_id"
}
