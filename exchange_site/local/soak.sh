#!/usr/bin/env bash
# The long proofs: what `make test` shows in minutes, with other chances each time; as it stands, for about an hour.
# Each step prints the seed and the command that repeat it, and one that fails does not stop the others. How long is
# in the environment: MATCHING_COMMANDS, UNDO_COMMANDS, PERPETUAL_STEPS, CRASH_ROUNDS, STORMS. Arguments choose
# from the steps matching, undo, perpetuals, storms and crash.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
: "${MATCHING_COMMANDS:=5000000}" "${UNDO_COMMANDS:=500000}" "${CRASH_ROUNDS:=100}" "${STORMS:=10}"
: "${PERPETUAL_STEPS:=5000}"
chosen=${*:-matching undo perpetuals storms crash}
failed=()

chance() { echo $((RANDOM * 32768 + RANDOM)); }

# settings... -- tests...
step() {
  local settings=()
  while [ "$1" != -- ]; do settings+=("$1"); shift; done
  shift
  local repeat="${settings[*]} make test ARGS=\"$*\""
  echo "== $(date +%H:%M:%S) $repeat"
  env "${settings[@]}" "${PYTHON:-python}" -m pytest -q --durations=1 "$@" || failed+=("$repeat")
}

for each in $chosen; do
  case $each in
    matching)
      step "MATCHING_SEED=$(chance)" "MATCHING_COMMANDS=$MATCHING_COMMANDS" -- \
        trading/tests/test_matching_against_reference.py -k long ;;
    undo)
      step "UNDO_SEED=$(chance)" "UNDO_COMMANDS=$UNDO_COMMANDS" -- trading/tests/test_book_undo.py -k long ;;
    perpetuals)
      step "PERPETUAL_SEED=$(chance)" "PERPETUAL_STEPS=$PERPETUAL_STEPS" -- trading/tests/test_perpetual_sums.py ;;
    storms)
      for ((storm = 1; storm <= STORMS; storm++)); do
        step "STORM_SEED=$(chance)" "RACE_SEED=$(chance)" "TRAFFIC_SEED=$(chance)" "REPLAY_SEED=$(chance)" -- \
          trading/tests/test_{concurrency,races,all_traffic,group_commit,idempotency}.py \
          trading/tests/test_replay_command.py::test_other_days
      done ;;
    crash)
      step "CRASH_SEED=$(chance)" "CRASH_ROUNDS=$CRASH_ROUNDS" -- \
        exchange_site/tests/test_crashes.py trading/tests/test_crash.py ;;
    *) echo "No step has the name $each: matching undo perpetuals storms crash."; exit 2 ;;
  esac
done

[ ${#failed[@]} -eq 0 ] && { echo "All passed."; exit 0; }
printf 'FAILED, to repeat: %s\n' "${failed[@]}"
exit 1
