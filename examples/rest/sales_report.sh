#!/bin/sh
# A sales report over REST: upload a CSV file, run Python on it, download the chart, clean up. Requires only curl.
#
#   sh sales_report.sh                                                      a connector started with `make run`
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

umask 077 # the key is passed in a file that only you can read: other users can see command lines
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
{
    echo 'silent'
    echo 'show-error'
    echo 'connect-timeout = 10'
    echo 'max-time = 230'
    echo 'noproxy = "127.0.0.1,localhost"' # a proxy cannot reach this machine
    [ -z "$FUNCTION_KEY" ] || printf 'header = "x-functions-key: %s"\n' "$FUNCTION_KEY"
} >"$WORK/curl.conf"

fail() {
    echo "sales_report.sh: $*" >&2
    exit 1
}

# call METHOD PATH [options of curl]: sends one request and writes the body of the response to $WORK/response
call() {
    method=$1 path=$2
    shift 2
    echo
    echo "$method $path"
    status=$(curl --config "$WORK/curl.conf" --request "$method" --output "$WORK/response" --write-out '%{http_code}' \
        "$@" "$API$path") || fail "no response from $API. Check that the connector is running and BASE_URL is correct."
    case $status in
    2??) ;;
    401) fail "the connector requires a function key. Set FUNCTION_KEY." ;;
    *) fail "$method $path returned $status: $(cat "$WORK/response")" ;;
    esac
}

# member NAME: prints the text of a member of the response
member() {
    sed -n -e 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' "$WORK/response"
}

# run: sends standard input to ExecutePythonCode as the body, and prints the response
run() {
    call POST /executions --header 'Content-Type: application/json' --data-binary @-
    cat "$WORK/response"
    echo
    [ "$(member status)" = Succeeded ] || fail "the code failed; see error above."
}

# 1. Upload the file. Without a session ID, the connector creates a session and returns its ID, which is a secret.
call POST /files --form "file=@$SALES"
SESSION=$(member sessionId)
[ -n "$SESSION" ] || fail "the response has no sessionId: $(cat "$WORK/response")"
cat "$WORK/response"
echo

# 2. Run code in that session. The printed text is returned as stdout, the value of the last line as result.
run <<EOF
{"sessionId": "$SESSION",
 "pythonCode": "import pandas as pd\nsales = pd.read_csv('/mnt/data/sales.csv')\nprint(sales)\nint(sales['books'].sum())"}
EOF
EXECUTION=$(member executionId)

# 3. Run more code: the variables still exist. A chart that is saved in /mnt/data is a file of the session.
#    The figure is closed, so that it is not returned in outputs as well.
run <<EOF
{"sessionId": "$SESSION",
 "pythonCode": "import matplotlib.pyplot as plt\nsales.plot.bar(x='month')\nplt.tight_layout()\nplt.savefig('/mnt/data/$CHART')\nplt.close()"}
EOF

# 4. Get the first run again, for example after a lost connection.
call GET "/executions/$EXECUTION?sessionId=$SESSION"
cat "$WORK/response"
echo

# 5. List the files: the uploaded one, and the chart.
call GET "/files?sessionId=$SESSION"
cat "$WORK/response"
echo

# 6. Download the chart as raw bytes.
call GET "/files/$CHART/content?sessionId=$SESSION"
(umask 022 && cat "$WORK/response" >"$CHART")
echo "saved as $CHART"

# 7. Create a link to the chart, which people open without a key. With storage, it outlives the session.
call POST "/files/$CHART/links" --header 'Content-Type: application/json' --data "{\"sessionId\": \"$SESSION\"}"
echo "link: $(member fileUrl)"

# 8. Delete the chart in the session, and end the session.
call DELETE "/files/$CHART?sessionId=$SESSION"
call DELETE "/sessions/$SESSION"

echo
echo "Done. The chart is in $CHART"
