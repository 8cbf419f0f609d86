// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/rejects.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cstdio>

#include "cli/command.h"
#include "cli/ingestoptions.h"
#include "model/sessionwatch.h"

namespace atlas::cli {

namespace {

using ingest::Reject;

constexpr int shownCharacters = 60;
constexpr int pageSize = 500;

QString shown(const QDateTime& time)
{
    return time.toString(QStringLiteral("yyyy-MM-dd HH:mm:ss'Z'"));
}

/// One line, whatever the text holds.
QString shown(const Reject& letter)
{
    if (!letter.value)
        return QStringLiteral("(cleared)");
    QString text = letter.value->left(shownCharacters);
    for (QChar& c : text) {
        if (c.category() == QChar::Other_Control || c == QChar::LineSeparator ||
            c == QChar::ParagraphSeparator)
            c = QLatin1Char(' ');
    }
    if (letter.value->size() > shownCharacters)
        text += QStringLiteral("… (%L1 bytes)").arg(letter.bytes);
    return text;
}

bool put(const QByteArray& line)
{
    return std::fwrite(line.constData(), 1, static_cast<std::size_t>(line.size()), stdout) ==
           static_cast<std::size_t>(line.size());
}

QByteArray jsonLine(const Reject& letter)
{
    QJsonObject object{{QStringLiteral("reject"), letter.id},
                       {QStringLiteral("rejected_at"), letter.rejectedAt.toString(Qt::ISODateWithMs)},
                       {QStringLiteral("id"), letter.externalId},
                       {QStringLiteral("attribute"), letter.attribute},
                       {QStringLiteral("type"), letter.type ? name(*letter.type) : QString()},
                       {QStringLiteral("value"), letter.value ? QJsonValue(*letter.value) : QJsonValue()},
                       {QStringLiteral("reason"), letter.reason}};
    if (letter.observedAt)
        object.insert(QStringLiteral("observed_at"),
                      QString::fromStdString(ingest::canonicalTimestamp(*letter.observedAt)));
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

/// The letters, or with jsonLines all of each, to stdout.
int list(db::BlockingSession& session, const ingest::RejectSelection& selection, qint64 limit, bool jsonLines)
{
    if (!jsonLines) {
        const auto groups = ingest::groupRejects(session, selection);
        if (!groups)
            return failWith(groups.error());
        for (const ingest::RejectGroup& group : *groups)
            put(QStringLiteral("%L1  %2: %3 (%4 to %5)\n")
                    .arg(group.count, 8)
                    .arg(group.attribute, group.reason, shown(group.first), shown(group.last))
                    .toUtf8());
        if (groups->isEmpty())
            say(QStringLiteral("no rejects"));
        else
            put("\n");
    }
    qint64 after = 0;
    while (limit > 0) {
        const auto letters = ingest::listRejects(
            session, selection, after, static_cast<int>(std::min<qint64>(limit, jsonLines ? 1 : pageSize)),
            jsonLines ? 0 : shownCharacters + 1);
        if (!letters)
            return failWith(letters.error());
        if (letters->isEmpty())
            break;
        for (const Reject& letter : *letters) {
            const QByteArray line = jsonLines ? jsonLine(letter)
                                              : QStringLiteral("%1  %2  %3  %4 = %5  (%6)\n")
                                                    .arg(letter.id)
                                                    .arg(shown(letter.rejectedAt), letter.externalId,
                                                         letter.attribute, shown(letter), letter.reason)
                                                    .toUtf8();
            if (!put(line))
                return Failed;
        }
        after = letters->constLast().id;
        limit -= letters->size();
        if (interrupted())
            return Interrupted;
    }
    return Ok;
}

int replay(Connection& connection, db::BlockingSession& session, const ingest::RejectSelection& selection,
           bool convert)
{
    ingest::DurableDoor door(connection.client(),
                             connection.endpoint(QStringLiteral("primary"), Purpose::Ingest), retryPolicy());
    ingest::ReplayOptions options;
    options.convert = convert;
    options.stopped = interrupted;
    int told = 0;
    options.keeping = [&told](const Reject& letter, const QString& why) {
        if (++told <= 20)
            say(QStringLiteral("%1 stays: %2 = %3: %4")
                    .arg(letter.id)
                    .arg(letter.attribute, shown(letter), why));
    };
    const auto counts = ingest::replayRejects(door, session, selection, options);
    if (!counts) {
        const int status = failWith(counts.error());
        say(QStringLiteral("what was sent stays sent; the same call goes on"));
        return status;
    }
    if (told > 20)
        say(QStringLiteral("… and %L1 more").arg(told - 20));
    say(QStringLiteral("%L1 taken, %L2 rejected again, %L3 not sent")
            .arg(counts->taken)
            .arg(counts->rejected)
            .arg(counts->kept));
    if (interrupted())
        return Interrupted;
    return counts->rejected > 0 || counts->kept > 0 ? Failed : Ok;
}

int discard(db::BlockingSession& session, const ingest::RejectSelection& selection)
{
    qint64 gone = 0;
    while (!interrupted()) {
        const auto letters = ingest::listRejects(session, selection, 0, pageSize, 1);
        if (!letters)
            return failWith(letters.error());
        if (letters->isEmpty())
            break;
        QList<qint64> ids;
        for (const Reject& letter : *letters)
            ids.append(letter.id);
        const auto settled = ingest::discardRejects(session, selection.tenant, ids);
        if (!settled)
            return failWith(settled.error());
        gone += *settled;
    }
    say(QStringLiteral("%L1 thrown away").arg(gone));
    return interrupted() ? int(Interrupted) : int(Ok);
}

} // namespace

int runRejects(const QStringList& arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("Values that could not be stored, with the reason. list: by attribute and reason, "
                       "then each. replay: sends\n"
                       "them again through the durable door; what is taken leaves the list, what is refused "
                       "again stays with its new\n"
                       "reason. discard: throws them away (an administrator's, with --yes). Replays and "
                       "discards are in the audit log."));
    Connection::addOptions(parser);
    const QCommandLineOption tenant(QStringLiteral("tenant"), QStringLiteral("Tenant, by name."),
                                    QStringLiteral("name"));
    const QCommandLineOption attribute(QStringLiteral("attribute"), QStringLiteral("Only of this attribute."),
                                       QStringLiteral("name"));
    const QCommandLineOption reason(QStringLiteral("reason"),
                                    QStringLiteral("Only those whose reason holds this text."),
                                    QStringLiteral("text"));
    const QCommandLineOption limit(QStringLiteral("limit"),
                                   QStringLiteral("list: at most this many (default 100)."),
                                   QStringLiteral("n"), QStringLiteral("100"));
    const QCommandLineOption format(QStringLiteral("format"),
                                    QStringLiteral("list: text (default; long values cut) or jsonl (whole)."),
                                    QStringLiteral("format"), QStringLiteral("text"));
    const QCommandLineOption convert(
        QStringLiteral("convert"),
        QStringLiteral(
            "replay: read each value as the type that its attribute holds now (\"12.5\" for a number)."));
    const QCommandLineOption yes(QStringLiteral("yes"), QStringLiteral("discard: really."));
    parser.addOptions({tenant, attribute, reason, limit, format, convert, yes});
    parser.addPositionalArgument(QStringLiteral("action"), QStringLiteral("list, replay or discard."));
    parse(parser, QStringLiteral("rejects"), arguments);

    const QStringList words = parser.positionalArguments();
    const QString action = words.value(0);
    const bool isList = action == QLatin1String("list");
    const bool isReplay = action == QLatin1String("replay");
    const bool isDiscard = action == QLatin1String("discard");
    if (words.size() != 1 || !(isList || isReplay || isDiscard) || parser.value(tenant).isEmpty()) {
        fail(QStringLiteral("say list, replay or discard, and --tenant NAME"));
        return Usage;
    }
    bool isNumber = false;
    const qint64 most = parser.value(limit).toLongLong(&isNumber);
    const bool jsonLines = parser.value(format) == QLatin1String("jsonl");
    if (!isNumber || most < 1 || (!jsonLines && parser.value(format) != QLatin1String("text"))) {
        fail(QStringLiteral("limit is a number from 1, format is text or jsonl"));
        return Usage;
    }
    if ((!isList && (parser.isSet(limit) || parser.isSet(format))) || (!isReplay && parser.isSet(convert)) ||
        (!isDiscard && parser.isSet(yes))) {
        fail(QStringLiteral("--limit and --format go with list, --convert with replay, --yes with discard"));
        return Usage;
    }
    if (isDiscard && !parser.isSet(yes)) {
        fail(QStringLiteral("discard throws the values away for good; say --yes"));
        return Usage;
    }
    auto connection = Connection::fromParser(parser);
    if (!connection)
        return Usage;
    const Purpose purpose = isList ? Purpose::Analyst : isReplay ? Purpose::Ingest : Purpose::Admin;
    auto session = connection->open(QStringLiteral("primary"), purpose);
    if (!session)
        return connection->lastStatus();
    const SessionWatch watch(*session, interrupted);
    const auto found = findTenant(*session, parser.value(tenant));
    if (!found)
        return failWith(found.error());
    if (!*found)
        return Failed;
    const ingest::RejectSelection selection{**found, parser.value(attribute), parser.value(reason)};
    if (isList)
        return list(*session, selection, most, jsonLines);
    return isReplay ? replay(*connection, *session, selection, parser.isSet(convert))
                    : discard(*session, selection);
}

} // namespace atlas::cli
