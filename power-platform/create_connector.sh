#!/bin/sh
# Creates the custom connector of this folder in Power Platform, or updates it. Works with either of Microsoft's tools: pac,
# the Power Platform CLI, or paconn. For PowerShell, readme.md has the same commands.
set -eu

definition=apiDefinition.swagger.json properties=apiProperties.json icon=icon.png settings=settings.json

usage() {
    cat <<'TEXT'
usage: ./create_connector.sh [--environment ID] [--connector-id ID] [--solution NAME] [--tool pac|paconn]

Creates the custom connector of this folder in Power Platform. Without options, it uses pac if that is installed, otherwise
paconn, and the environment that pac has selected, or the one that you choose when paconn asks.

  --environment ID     the environment: its ID; for pac also its URL, such as https://ORG.crm.dynamics.com
  --connector-id ID    update this connector instead of creating one. `pac connector list` shows the IDs for pac;
                       paconn writes its own to settings.json
  --solution NAME      add the connector to the solution with this unique name (pac only)
  --tool pac|paconn    the tool to use, if both are installed
  --help               print this text

With sign-in by Entra ID, it asks for the client secret of the app registration, or takes it from the variable
CLIENT_SECRET. Leave it empty to enter it later, on the connector's page Security (pac), or to keep it (with --connector-id).
TEXT
}

fail() {
    printf 'The connector was not %s. %s\n' "${done:-created}" "$1" >&2
    exit 1
}

environment='' connector_id='' solution='' tool='' done=created
while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --environment | --connector-id | --solution | --tool)
            [ $# -ge 2 ] && [ -n "$2" ] || fail "The option $1 has no value. --help describes it."
            case $1 in
                --environment) environment=$2 ;;
                --connector-id) connector_id=$2 done=updated ;;
                --solution) solution=$2 ;;
                --tool) tool=$2 ;;
            esac
            shift 2 ;;
        *) fail "'$1' is not an option. --help lists them." ;;
    esac
done

cd "$(dirname "$0")"
for file in "$definition" "$properties" "$icon"; do
    [ -f "$file" ] || fail "$file is missing in $(pwd). Write the files again: make connector-package"
done

has() { command -v "$1" >/dev/null 2>&1; }
case $tool in
    '') if has pac; then tool=pac; elif has paconn; then tool=paconn; else
            fail "Neither pac nor paconn is installed. Install one: dotnet tool install --global Microsoft.PowerApps.CLI.Tool, or: pip install paconn"
        fi ;;
    pac) has pac || fail "pac is not installed. Install it: dotnet tool install --global Microsoft.PowerApps.CLI.Tool" ;;
    paconn) has paconn || fail "paconn is not installed. Install it: pip install paconn" ;;
    *) fail "There is no tool '$tool'. Use pac or paconn." ;;
esac
if [ -n "$solution" ] && [ "$tool" = paconn ]; then
    fail "paconn does not know solutions. Use pac, or omit --solution."
fi

# ---- Who is signed in, and where

if [ "$tool" = pac ]; then
    if ! pac env who ${environment:+--environment "$environment"}; then
        fail "pac is not signed in, or cannot use the environment. Sign in: pac auth create --environment https://ORG.crm.dynamics.com"
    fi
else
    recorded=$(sed -n 's/.*"connectorId": *"\([^"]*\)".*/\1/p' "$settings" 2>/dev/null || true)
    if [ -n "$recorded" ] && [ -z "$connector_id" ]; then
        fail "It exists: $settings has its ID. Update it: ./create_connector.sh --tool paconn --connector-id $recorded"
    fi
    paconn login || fail "The sign-in failed. Try again: paconn login --force"
fi

# ---- The client secret: neither in the history of commands, nor in a file that stays

secret=''
if grep -q '"oauthSetting"' "$properties"; then
    secret=${CLIENT_SECRET:-}
    if [ -z "$secret" ] && [ -t 0 ]; then
        restore=$(stty -g)
        trap 'stty "$restore"' EXIT
        trap 'exit 130' INT TERM
        stty -echo
        printf 'Client secret of the app registration (not shown): ' >&2
        read -r secret || true
        stty "$restore"
        trap - EXIT INT TERM
        printf '\n' >&2
    fi
    if [ -z "$secret" ] && [ "$tool" = paconn ] && [ -z "$connector_id" ]; then
        fail "paconn needs the client secret. Set the variable CLIENT_SECRET, or run this in a terminal and enter it."
    fi
fi

# ---- Create or update

set -- # the command's arguments
if [ "$tool" = pac ]; then
    if [ -n "$secret" ]; then # pac has no option for it: it is a member of the properties
        private=$(mktemp -d "${TMPDIR:-/tmp}/connector.XXXXXX")
        trap 'rm -rf "$private"' EXIT
        trap 'exit 130' INT TERM
        SECRET=$secret awk '
            BEGIN {
                for (i = 1; i <= length(ENVIRON["SECRET"]); i++) {
                    character = substr(ENVIRON["SECRET"], i, 1)
                    text = text (character == "\\" || character == "\"" ? "\\" : "") character
                }
            }
            { print }
            /"clientId":/ { print "\"clientSecret\": \"" text "\"," }
        ' "$properties" >"$private/$properties"
        properties=$private/$properties
    fi
    set -- --api-definition-file "$definition" --api-properties-file "$properties" --icon-file "$icon"
    [ -z "$environment" ] || set -- "$@" --environment "$environment"
    [ -z "$solution" ] || set -- "$@" --solution-unique-name "$solution"
    if [ -n "$connector_id" ]; then
        pac connector update --connector-id "$connector_id" "$@" || fail "pac has reported the error above."
    else
        pac connector create "$@" || fail "pac has reported the error above."
    fi
else
    set -- --api-def "$definition" --api-prop "$properties" --icon "$icon"
    [ -z "$environment" ] || set -- "$@" --env "$environment"
    [ -z "$secret" ] || set -- "$@" --secret "$secret"
    if [ -n "$connector_id" ]; then
        paconn update --cid "$connector_id" "$@" || fail "paconn has reported the error above."
    else
        paconn create --overwrite-settings "$@" || fail "paconn has reported the error above."
    fi
fi

# ---- What is next

printf '\nThe connector was %s.\n' "$done"
if [ "$done" = created ]; then
    printf 'To update it later, repeat this command with --connector-id and the ID above.\n'
fi
if grep -q '"oauthSetting"' "$properties"; then
    printf '%s\n' 'Next, open the connector in make.powerautomate.com (Custom connectors), and its page Security:'
    [ -n "$secret" ] || [ "$done" = updated ] || printf '%s\n' '- Enter the client secret, and choose Update connector.'
    printf '%s\n' '- Copy the Redirect URL. In the app registration, choose Authentication, Add a platform, Web, and paste it.'
fi
