# Runs the steps of a test run one after the other, all of them, and adds up what they counted.
#
# Sourced by scripts/test.sh. A step is a command; its output is shown and kept in target/test-logs/. A step whose output
# has the closing line of a test runner (cargo test, node --test, vitest, pytest, or a plain "N passed, N failed") counts as many
# as that line says; any other step counts as one. A step that fails never counts as none failed.

STEPS_LOGS="${STEPS_LOGS:-target/test-logs}"
STEPS_PASSED=0
STEPS_FAILED=0
STEPS_SKIPPED=0
STEPS_TABLE=()
STEPS_NUMBER=0

# counts_of LOG → "passed failed skipped", nothing when the log has no closing line of a test runner.
counts_of() {
  sed -E 's/\x1b\[[0-9;]*[a-zA-Z]//g' "$1" | awk '
    function number_before(word,    at) {
      for (at = 2; at <= NF; at++) if ($at ~ "^" word "[,;]?$") return $(at - 1) + 0
      return 0
    }
    /^test result: / || /^=+ .*(passed|failed|error|errors).* in [0-9.]+s/ || /^([a-z]+: )?([0-9]+ cases, )?[0-9]+ passed, [0-9]+ failed/ {
      passed += number_before("passed")
      failed += number_before("failed") + number_before("errors?")
      skipped += number_before("skipped") + number_before("ignored")
      seen = 1
    }
    /^ *Tests +[0-9]+ (passed|failed|skipped)/ {
      passed += number_before("passed")
      failed += number_before("failed")
      skipped += number_before("skipped")
      seen = 1
    }
    /^(#|ℹ) pass [0-9]+$/ { passed += $3; seen = 1 }
    /^(#|ℹ) (fail|cancelled) [0-9]+$/ { failed += $3 }
    /^(#|ℹ) (skipped|todo) [0-9]+$/ { skipped += $3 }
    END { if (seen) print passed + 0, failed + 0, skipped + 0 }'
}

# step NAME COMMAND… : runs it and remembers how it ended. Returns the command's own exit code.
step() {
  local name="$1" code=0 passed=0 failed=0 skipped=0 counts began
  shift
  STEPS_NUMBER=$((STEPS_NUMBER + 1))
  mkdir -p "$STEPS_LOGS"
  local log
  log="$STEPS_LOGS/$(printf '%02d' "$STEPS_NUMBER")-${name//[^A-Za-z0-9]/-}.log"
  printf '\n=== %s\n    %s\n' "$name" "$*"
  began=$SECONDS
  set +e
  "$@" </dev/null 2>&1 | tee "$log"
  code="${PIPESTATUS[0]}"
  set -e
  counts="$(counts_of "$log")"
  if [[ -n "$counts" ]]; then
    read -r passed failed skipped <<<"$counts"
  elif [[ "$code" -eq 0 ]]; then
    passed=1
  fi
  if [[ "$code" -ne 0 && "$failed" -eq 0 ]]; then failed=1; fi
  STEPS_LAST=("$passed" "$failed" "$skipped" "$name" "$((SECONDS - began))")
  STEPS_LAST_CODE="$code"
}

# keep : the last step counts.
keep() {
  local mark="ok    "
  if [[ "${STEPS_LAST[1]}" -ne 0 ]]; then mark="FAILED"; fi
  STEPS_PASSED=$((STEPS_PASSED + STEPS_LAST[0]))
  STEPS_FAILED=$((STEPS_FAILED + STEPS_LAST[1]))
  STEPS_SKIPPED=$((STEPS_SKIPPED + STEPS_LAST[2]))
  STEPS_TABLE+=("$(printf '%s %4d s  %5d passed %3d failed %3d skipped  %s' "$mark" "${STEPS_LAST[4]}" \
    "${STEPS_LAST[0]}" "${STEPS_LAST[1]}" "${STEPS_LAST[2]}" "${STEPS_LAST[3]}")")
}

# leave_out : the last step could not run here and counts as neither passed nor failed.
leave_out() {
  STEPS_TABLE+=("$(printf 'NOT RUN %37s %s' '' "${STEPS_LAST[3]}")")
}

# summary : the table of all steps and, as the last line, the total. Fails when anything failed.
summary() {
  printf '\n=== All steps\n'
  printf '    %s\n' "${STEPS_TABLE[@]}"
  local note
  for note in "$@"; do
    if [[ -n "$note" ]]; then printf '\n%s\n' "$note"; fi
  done
  printf '\n%d passed, %d failed, %d skipped\n' "$STEPS_PASSED" "$STEPS_FAILED" "$STEPS_SKIPPED"
  [[ "$STEPS_FAILED" -eq 0 ]]
}
