// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/statements.h"

#include <cstdio>

#include "cli/command.h"

namespace atlas::cli {

int runStatements(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Lists every statement that Atlas Console and atlasctl can send: name, purpose, text."));
    const QCommandLineOption brief(QStringLiteral("brief"), QStringLiteral("Names and purposes only."));
    parser.addOption(brief);
    parse(parser, QStringLiteral("statements"), arguments);
    if (!parser.positionalArguments().isEmpty()) {
        fail(QStringLiteral("statements takes no words"));
        return Usage;
    }
    for (const StatementRegistry::Entry& entry : StatementRegistry::list()) {
        std::printf("%s — %s\n", entry.name, entry.purpose);
        if (!parser.isSet(brief))
            std::printf("%s\n\n", QByteArray(entry.sql).trimmed().constData());
    }
    return flushOutput() ? Ok : Failed;
}

} // namespace atlas::cli
