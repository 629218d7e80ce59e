#!/bin/sh
# Signs in for {{ self.0.gstin }} and asks what the register knows of it. Needs curl and openssl.
# Set IRP_API_PASSWORD, IRP_CLIENT_ID and IRP_CLIENT_SECRET first.
# For a machine of your own: while it runs, others on the machine could see the secrets it calls with.
set -eu
base={{ self.0.base }}
gstin={{ self.0.gstin }}
api_username={{ self.0.api_username }}

encode() { openssl base64 -A; }
decode() { openssl base64 -d -A; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
field() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }
call() {
    curl -sS "$@" -H "client_id: $IRP_CLIENT_ID" -H "client_secret: $IRP_CLIENT_SECRET" -H "Gstin: $gstin"
}

# What only this run and the IRP know: 32 characters, a new one each time.
app_key=$(openssl rand -hex 16)
password=$(printf %s "$IRP_API_PASSWORD" | sed 's/[\\"]/\\&/g')
json=$(printf '{"UserName":"%s","Password":"%s","AppKey":"%s","ForceRefreshAccessToken":false}' \
    "$api_username" "$password" "$(printf %s "$app_key" | encode)")

public_key=$(mktemp)
trap 'rm -f "$public_key"' EXIT
curl -sSf -o "$public_key" {{ self.0.public_key }}
data=$(printf %s "$json" | encode | openssl pkeyutl -encrypt -pubin -inkey "$public_key" | encode)
answer=$(call "$base/auth" -H 'Content-Type: application/json' -d "{\"Data\":\"$data\"}")
echo "$answer"

token=$(echo "$answer" | field AuthToken)
[ -n "$token" ] || exit 1
session_key=$(echo "$answer" | field Sek | decode | openssl enc -d -aes-256-ecb -K "$(printf %s "$app_key" | hex)" | hex)
answer=$(call "$base/Master/gstin/$gstin" -H "user_name: $api_username" -H "AuthToken: $token")
data=$(echo "$answer" | field Data)
[ -n "$data" ] || { echo "$answer"; exit 1; }
echo "$data" | decode | openssl enc -d -aes-256-ecb -K "$session_key"
echo
