#!/usr/bin/env bash
# The whole story over HTTP: Ann opens a room and shares it, Bob comes by her link, the room fills,
# points arrive, and a refund takes back what it must. Every run brings new people and new orders.
#
#   API=http://127.0.0.1:8000/api/v1 SHOP_KEY=sk_… CAMPAIGN=cmp_… OFFER=off_… docs/quickstart.sh
#
# QUICKSTART_WAIT is how many seconds it waits at most until the engine has settled everything (10).
set -euo pipefail

need() { [ -n "${!1:-}" ] || { echo "quickstart: set $1: $2" >&2; exit 2; }; }
need API "the engine's API, such as http://127.0.0.1:8000/api/v1"
need SHOP_KEY "a server key (sk_…), from the admin: Server keys, Add"
need CAMPAIGN "the id (cmp_…) of a published campaign, from the admin"
need OFFER "the id (off_…) of an offer of this campaign, from the admin"
for program in curl python3; do
  command -v "$program" >/dev/null || { echo "quickstart: $program is needed" >&2; exit 2; }
done

RUN=$(python3 -c 'import secrets; print(secrets.token_hex(4))')
PHONE='Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36'
WAIT=${QUICKSTART_WAIT:-10}

step() { printf '\n== %s\n' "$*"; }

# call METHOD PATH CREDENTIAL [BODY [curl options]]: the answer's body; a failure ends the script.
call() {
  local method=$1 path=$2 credential=$3 body=${4:-} answer
  local options=(-sS --fail-with-body -X "$method")
  [ -z "$credential" ] || options+=(-H "Authorization: Bearer $credential")
  [ -z "$body" ] || options+=(-H 'Content-Type: application/json' -d "$body")
  answer=$(curl "${options[@]}" "${@:5}" "$API$path") || {
    echo "quickstart: $method $path failed: ${answer:-no answer}" >&2
    exit 1
  }
  printf '%s\n' "$answer"
}

# post NAME PATH CREDENTIAL BODY: a POST that happens once, however often it is repeated.
post() { call POST "$2" "$3" "$4" -H "Idempotency-Key: $1-$RUN"; }

# field PATH JSON: one field of an answer, such as room.id.
field() {
  python3 -c '
import json, sys
value = json.loads(sys.argv[2])
for name in sys.argv[1].split("."):
    value = value[name]
print(value if isinstance(value, str) else json.dumps(value))' "$1" "$2"
}

# register NAME: tell the engine of a shopper, and print a token for their phone.
register() {
  local who=$1-$RUN answer
  call PUT "/members/$who" "$SHOP_KEY" "{\"nickname\": \"$1\"}" >/dev/null
  answer=$(post "token-$1" /client-tokens "$SHOP_KEY" "{\"external_id\": \"$who\"}")
  field token "$answer"
}

# pay NAME SEAT: the shop has charged what the seat costs, and reports the paid order.
pay() {
  local seat price order
  seat=$(field id "$2") price=$(field price_minor "$2")
  order="{
    \"order_id\": \"order-$1-$RUN\", \"member\": \"$1-$RUN\",
    \"currency\": \"$(field currency "$2")\", \"paid_minor\": $price,
    \"occurred_at\": \"$(date -u +%FT%TZ)\",
    \"lines\": [{\"line_id\": \"1\", \"sku\": \"$(field sku "$2")\", \"quantity\": 1,
               \"amount_minor\": $price, \"seat\": \"$seat\"}]}"
  post "order-$1" /orders "$SHOP_KEY" "$order"
}

show_room() {
  local room
  room=$(call GET "/rooms/$ROOM" "")
  echo "room $ROOM: $(field status "$room"), $(field paid "$room") of $(field size "$room") paid"
}

show_wallets() {
  echo "ann's wallet: $(call GET /me/wallet "$ANN")"
  echo "bob's wallet: $(call GET /me/wallet "$BOB")"
}

# The worker decides rewards a moment after the facts; the report says how many events it still has.
settle() {
  local until=$((SECONDS + WAIT)) report
  while [ "$SECONDS" -lt "$until" ]; do
    report=$(call GET "/campaigns/$CAMPAIGN/report" "$SHOP_KEY")
    [ "$(field freshness.events_pending "$report")" != 0 ] || return 0
    sleep 0.5
  done
}

offer=$(call GET "/offers/$OFFER" "$SHOP_KEY")
SIZE=$(field room_size "$offer")
[ "$(field campaign "$offer")" = "$CAMPAIGN" ] \
  || { echo "quickstart: $OFFER is an offer of $(field campaign "$offer"), not of $CAMPAIGN" >&2; exit 2; }
[ "$SIZE" -ge 2 ] || { echo "quickstart: choose an offer for two or more, not $OFFER" >&2; exit 2; }

step "The shop registers ann and bob, and gets tokens for their phones"
ANN=$(register ann)
BOB=$(register bob)
echo "members ann-$RUN and bob-$RUN"

step "Ann opens a room: she holds the first of its $SIZE seats"
opened=$(post room "/offers/$OFFER/rooms" "$ANN" '{}')
ROOM=$(field room.id "$opened")
seat=$(field seat "$opened")
echo "seat $(field id "$seat") costs $(field price_minor "$seat") $(field currency "$seat"), in minor units"
show_room

step "Ann pays, and the shop reports her order: the room is open"
pay ann "$seat"
show_room

step "Ann takes her link to the room"
link=$(call PUT "/rooms/$ROOM/link" "$ANN" '{}')
CODE=$(field code "$link")
echo "$(field url "$link")"

# come NAME TOKEN: opens ann's link on a phone, holds a seat, pays.
come() {
  local visit seat
  step "$1 opens ann's link, holds a seat and pays"
  # A public door needs no Idempotency-Key. As curl itself this would be a bot's visit.
  visit=$(call POST /visits "" "{\"code\": \"$CODE\", \"channel\": \"chat\", \"visitor\": \"$1\"}" -A "$PHONE")
  echo "visit of $1 counted: $(field counted "$visit")"
  seat=$(post "seat-$1" "/rooms/$ROOM/seats" "$2" "{\"visit_token\": \"$(field visit_token "$visit")\"}")
  echo "seat $(field id "$seat") is held until $(field hold_expires_at "$seat")"
  pay "$1" "$seat"
  show_room
}

come bob "$BOB"
for number in $(seq 3 "$SIZE"); do
  token=$(register "friend$number")
  come "friend$number" "$token"
done

step "The worker decides who gets what (waiting $WAIT seconds at most)"
settle
show_wallets

step "Bob sends his tea back: the shop refunds his order in full"
post refund "/orders/order-bob-$RUN/refunds" "$SHOP_KEY" "{\"refund_id\": \"refund-bob-$RUN\"}"
settle
show_wallets
show_room

step "What the campaign's report says"
report=$(call GET "/campaigns/$CAMPAIGN/report" "$SHOP_KEY")
echo "people: $(field people "$report")"
echo "rewards: $(field rewards "$report")"
