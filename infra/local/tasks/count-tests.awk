# SPDX-License-Identifier: GPL-3.0-or-later
# Reads "ctest -V": keeps everything in log_file, shows one line a test, the output of those that fail and the reason of
# those that are skipped whole, and counts test functions from Qt Test's summaries. A program that ended badly without a
# failed function (a crash, a timeout) counts as one failure; a program without such summaries counts as one test.

function strip(line) {
    sub(/^[0-9]+: /, "", line)
    return line
}

{ print > log_file }

/^[0-9]+: / {
    number = $1 + 0
    line = strip($0)
    if (line ~ /^Totals: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped/) {
        split(line, word, /[ ,]+/)
        passed[number] += word[2]
        failed[number] += word[4]
        skipped[number] += word[6]
        totals[number] = 1
    } else if (line !~ /^(PASS   :|Test command:|Working Directory:|Environment variables:|Test timeout)/) {
        kept[number, count[number] % 200] = line
        count[number]++
    }
    next
}

/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
    print
    number = $0
    sub(/^[^#]*#/, "", number)
    number += 0
    if ($0 ~ /   Passed +[0-9.]+ sec/) {
        if (!(number in totals)) passed[number] = 1
    } else if ($0 ~ /\*\*\*Skipped|Not Run \(Disabled\)/) {
        if (!(number in totals) || skipped[number] == 0) skipped[number] = 1
        first = count[number] > 200 ? count[number] - 200 : 0
        for (i = first; i < count[number]; i++) if (kept[number, i % 200] ~ /^SKIP   :/) print "    " kept[number, i % 200]
    } else {
        if (failed[number] == 0) failed[number] = 1
        first = count[number] > 200 ? count[number] - 200 : 0
        for (i = first; i < count[number]; i++) print "    " kept[number, i % 200]
    }
    fflush()
    all_passed += passed[number]
    all_failed += failed[number]
    all_skipped += skipped[number]
    next
}

/^(No tests were found|CMake Error|Errors while|Unable to find executable)/ { print; fflush() }

END { print all_passed + 0, all_failed + 0, all_skipped + 0 > counts }
