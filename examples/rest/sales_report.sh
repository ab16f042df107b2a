#!/bin/sh
# A sales report over REST: upload a CSV file, run Python on it, fetch the chart, clean up. It needs curl alone.
#
#   sh sales_report.sh                                                      a connector of `make run`
#   BASE_URL=https://YOUR-APP.azurewebsites.net FUNCTION_KEY=... sh sales_report.sh     a deployed one
#
# The chart is saved in the current folder.
set -eu

BASE_URL=${BASE_URL:-http://127.0.0.1:7071}
FUNCTION_KEY=${FUNCTION_KEY:-}
API=${BASE_URL%/}
API=${API%/api}/api
CHART=sales_report.png
SALES=$(dirname -- "$0")/sales.csv

umask 077 # the key goes through a file that only you can read: other users see a command line
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
{
    echo 'silent'
    echo 'show-error'
    echo 'connect-timeout = 10'
    echo 'max-time = 230'
    echo 'noproxy = "127.0.0.1,localhost"' # a proxy, if you have one, cannot reach your own machine
    [ -z "$FUNCTION_KEY" ] || printf 'header = "x-functions-key: %s"\n' "$FUNCTION_KEY"
} >"$WORK/curl.conf"

fail() {
    echo "sales_report.sh: $*" >&2
    exit 1
}

# call METHOD PATH [options of curl]: sends one request, and leaves the answer's body in $WORK/answer
call() {
    method=$1 path=$2
    shift 2
    echo
    echo "$method $path"
    status=$(curl --config "$WORK/curl.conf" --request "$method" --output "$WORK/answer" --write-out '%{http_code}' \
        "$@" "$API$path") || fail "no answer from $API. Is the connector running, and BASE_URL right?"
    case $status in
    2??) ;;
    401) fail "the connector asks for a function key. Set FUNCTION_KEY to one." ;;
    *) fail "$method $path answered $status: $(cat "$WORK/answer")" ;;
    esac
}

# member NAME: the text of a member in the answer
member() {
    sed -n -e 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' "$WORK/answer"
}

# run: sends the body on standard input to ExecutePythonCode, and shows the answer
run() {
    call POST /executions --header 'Content-Type: application/json' --data-binary @-
    cat "$WORK/answer"
    echo
    [ "$(member status)" = Succeeded ] || fail "the code did not run to its end: see error above."
}

# 1. Upload the file. Without a session ID, the connector makes a session and returns its ID, which is a secret.
call POST /files --form "file=@$SALES"
SESSION=$(member sessionId)
[ -n "$SESSION" ] || fail "the answer has no sessionId: $(cat "$WORK/answer")"
cat "$WORK/answer"
echo

# 2. Run code in that session. What it prints is stdout, and the value of the last line is result.
run <<EOF
{"sessionId": "$SESSION",
 "pythonCode": "import pandas as pd\nsales = pd.read_csv('/mnt/data/sales.csv')\nprint(sales)\nint(sales['books'].sum())"}
EOF
EXECUTION=$(member executionId)

# 3. Run more: variables are still there. A chart that is saved in /mnt/data is a file of the session.
#    Closed, it does not come back in outputs too.
run <<EOF
{"sessionId": "$SESSION",
 "pythonCode": "import matplotlib.pyplot as plt\nsales.plot.bar(x='month')\nplt.tight_layout()\nplt.savefig('/mnt/data/$CHART')\nplt.close()"}
EOF

# 4. Read the first run again, as after a call that was cut off.
call GET "/executions/$EXECUTION?sessionId=$SESSION"
cat "$WORK/answer"
echo

# 5. List the files: the one that went up, and the chart.
call GET "/files?sessionId=$SESSION"
cat "$WORK/answer"
echo

# 6. Download the chart, as raw bytes.
call GET "/files/$CHART/content?sessionId=$SESSION"
(umask 022 && cat "$WORK/answer" >"$CHART")
echo "saved as $CHART"

# 7. Delete it in the session, and end the session.
call DELETE "/files/$CHART?sessionId=$SESSION"
call DELETE "/sessions/$SESSION"

echo
echo "Done. The chart is in $CHART"
