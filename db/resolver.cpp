// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/resolver.h"

#include <QHash>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "db/pghandles_p.h"

namespace atlas::db {

namespace {

using Options = QMap<QByteArray, QByteArray>;

DbError failure(ErrorKind kind, const QString& message)
{
    DbError error;
    error.kind = kind;
    error.message = redactSecrets(message.simplified());
    return error;
}

/// Every option as libpq would use it, service and environment included. There is no call for this, but a
/// connection tells its options even when it could not be started: so one is started that must fail before it
/// opens a socket.
Result<Options> effectiveOptions(const Options& given)
{
    static const QByteArray impossible("atlas-look-only");
    Options asked = given;
    asked.insert("target_session_attrs", impossible);
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (auto it = asked.cbegin(); it != asked.cend(); ++it) {
        keywords.push_back(it.key().constData());
        values.push_back(it.value().constData());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    const PgConn probe(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!probe)
        return failure(ErrorKind::OutOfResources, QStringLiteral("out of memory"));
    const PgOptions options(PQconninfo(probe.get()));
    Options effective;
    for (const PQconninfoOption* option = options.get(); option && option->keyword; ++option) {
        if (option->val && *option->val)
            effective.insert(option->keyword, option->val);
    }
    // Not even read: the service is not defined, its file has a mistake, an option does not exist. Or read,
    // and another value than ours is what libpq stumbled over.
    const QByteArray message(PQerrorMessage(probe.get()));
    if (effective.value("target_session_attrs") != impossible || !message.contains(impossible))
        return failure(ErrorKind::BadArgument, QString::fromUtf8(message));
    // libpq would only find out with the address in hand, and blame the connection.
    for (const QByteArray& port : effective.value("port").split(',')) {
        bool isNumber = false;
        const int number = port.trimmed().toInt(&isNumber);
        if (!port.trimmed().isEmpty() && (!isNumber || number < 1 || number > 65535))
            return failure(ErrorKind::BadArgument,
                           QStringLiteral("\"%1\" is not a port number").arg(QString::fromUtf8(port)));
    }
    effective.remove("target_session_attrs");
    return effective;
}

bool isAddress(const QByteArray& host)
{
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.constData(), nullptr, &hints, &found) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

bool isSocketDirectory(const QByteArray& host)
{
    return host.startsWith('/') || host.startsWith('@');
}

/// All addresses of a name, in the system's order of preference; empty with the reason when there is none.
std::pair<QList<QByteArray>, QString> addressesOf(const QByteArray& host)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int status = getaddrinfo(host.constData(), nullptr, &hints, &found);
    if (status != 0)
        return {{}, QString::fromLocal8Bit(gai_strerror(status))};
    QList<QByteArray> addresses;
    for (const addrinfo* address = found; address; address = address->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(address->ai_addr, address->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0)
            addresses += QByteArray(text.data());
    }
    freeaddrinfo(found);
    return {addresses, addresses.isEmpty() ? QStringLiteral("no address") : QString()};
}

/// Replaces host by as many (host, hostaddr) pairs as there are addresses: libpq then looks nothing up, while
/// the name stays what certificates and the password file are compared with.
Status resolveHosts(const Options& effective, Options& options)
{
    const QByteArray hostList = effective.value("host");
    if (hostList.isEmpty() || effective.contains("hostaddr"))
        return success();
    const QList<QByteArray> hosts = hostList.split(',');
    const QList<QByteArray> ports = effective.value("port").split(',');
    if (ports.size() != 1 && ports.size() != hosts.size())
        return success(); // libpq has the words for it
    QList<QByteArray> names, addresses, namePorts;
    QStringList failures;
    for (qsizetype i = 0; i < hosts.size(); ++i) {
        const QByteArray host = hosts[i].trimmed();
        const QByteArray& port = ports[ports.size() == 1 ? 0 : i];
        QList<QByteArray> found;
        if (host.isEmpty() || isSocketDirectory(host)) {
            found += QByteArray();
        } else if (isAddress(host)) {
            found += host;
        } else {
            auto [list, reason] = addressesOf(host);
            if (list.isEmpty())
                failures += QStringLiteral("the host name \"%1\" cannot be resolved: %2")
                                .arg(QString::fromUtf8(host), reason);
            found = list;
        }
        for (const QByteArray& address : found) {
            names += host;
            addresses += address;
            namePorts += port;
        }
    }
    if (names.isEmpty())
        return failure(ErrorKind::NameNotFound, failures.join(QLatin1String("; ")));
    options.insert("host", names.join(','));
    options.insert("hostaddr", addresses.join(','));
    options.insert("port", namePorts.join(','));
    return success();
}

/// The lists as libpq will read them: what we pass, else what it takes from elsewhere.
QList<ResolvedTarget::Address> addressesIn(const Options& options, const Options& effective)
{
    const auto listOf = [&options, &effective](const QByteArray& keyword) {
        const QByteArray list = options.value(keyword, effective.value(keyword));
        return list.isEmpty() ? QList<QByteArray>() : list.split(',');
    };
    const QList<QByteArray> hosts = listOf("host");
    const QList<QByteArray> hostaddrs = listOf("hostaddr");
    const QList<QByteArray> ports = listOf("port");
    const qsizetype count = std::max(hosts.size(), hostaddrs.size());
    const auto fits = [count](const QList<QByteArray>& list) {
        return list.isEmpty() || list.size() == count;
    };
    QList<ResolvedTarget::Address> addresses;
    if (!fits(hosts) || !fits(hostaddrs) || !(ports.size() == 1 || fits(ports)))
        return addresses;
    for (qsizetype i = 0; i < count; ++i)
        addresses.append(ResolvedTarget::Address{hosts.value(i), hostaddrs.value(i),
                                                 ports.value(ports.size() == 1 ? 0 : i)});
    return addresses;
}

} // namespace

bool ResolvedTarget::dropAddress(const QByteArray& host, const QByteArray& hostaddr, const QByteArray& port)
{
    const auto place = std::find_if(addresses.cbegin(), addresses.cend(), [&](const Address& address) {
        return address.hostaddr == hostaddr && (address.host.isEmpty() || address.host == host) &&
               (address.port.isEmpty() || address.port == port);
    });
    if (place == addresses.cend() || addresses.size() == 1)
        return false;
    addresses.erase(place);
    const auto replace = [this](const QByteArray& keyword, QByteArray Address::*part) {
        QList<QByteArray> parts;
        bool anything = false;
        for (const Address& address : std::as_const(addresses)) {
            parts += address.*part;
            anything = anything || !(address.*part).isEmpty();
        }
        options.removeIf([&keyword](const auto& option) { return option.first == keyword; });
        if (anything)
            options += {keyword, parts.join(',')};
    };
    replace("host", &Address::host);
    replace("hostaddr", &Address::hostaddr);
    replace("port", &Address::port);
    return true;
}

Result<ResolvedTarget> resolve(const ConnectionInfo& info)
{
    Options options;
    for (auto it = info.options().cbegin(); it != info.options().cend(); ++it) {
        if (it.key().contains(QChar(u'\0')) || it.value().contains(QChar(u'\0')))
            return failure(ErrorKind::BadArgument,
                           QStringLiteral("a connection option cannot hold a NUL character"));
        if (!it.value().isEmpty())
            options.insert(it.key().toUtf8(), it.value().toUtf8());
    }
    const Result<Options> effective = effectiveOptions(options);
    if (!effective)
        return effective.error();
    if (const Status hosts = resolveHosts(*effective, options); !hosts)
        return hosts.error();

    // A link may die without a word. Keepalives find a dead idle one in 25 s; tcp_user_timeout one that does
    // not acknowledge what we send.
    static const std::array<std::pair<QByteArray, QByteArray>, 5> defaults{{
        {"keepalives", "1"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "20000"},
    }};
    for (const auto& [keyword, value] : defaults) {
        if (!effective->contains(keyword))
            options.insert(keyword, value);
    }
    // libpq's own default is "prefer", which asks a KDC that may not answer. A service that spells out this
    // very default cannot be told from one that says nothing.
    if (effective->value("gssencmode") == "prefer" && !options.contains("gssencmode") &&
        qEnvironmentVariableIsEmpty("PGGSSENCMODE"))
        options.insert("gssencmode", "disable");
    // Below everything else, PGAPPNAME included.
    options.insert("fallback_application_name", "atlas-console");
    // Not a default but a must: every byte that comes back is read as UTF-8.
    options.insert("client_encoding", "UTF8");

    ResolvedTarget target;
    bool isNumber = false;
    const int seconds = effective->value("connect_timeout").toInt(&isNumber);
    if (isNumber && seconds > 0)
        target.connectTimeout = std::chrono::seconds(seconds);
    for (auto it = options.cbegin(); it != options.cend(); ++it)
        target.options += {it.key(), it.value()};
    target.addresses = addressesIn(options, *effective);
    return target;
}

void resolveInBackground(const ConnectionInfo& info, std::function<void(Result<ResolvedTarget>)> done)
{
    std::thread([info, done = std::move(done)] { done(resolve(info)); }).detach();
}

} // namespace atlas::db
