// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMetaType>
#include <QString>

#include <optional>
#include <utility>
#include <variant>

namespace atlas::db {

/// What went wrong, in the terms a caller can act on. Derived from the SQLSTATE class where the
/// server answered, else from where in the life of the connection it happened.
enum class ErrorKind {
    BadArgument = 1, ///< the call itself is wrong; nothing was sent
    NameNotFound,    ///< the host name does not resolve
    Refused,         ///< nobody listens there, or the network says no
    Tls,             ///< TLS not offered, or the certificate does not verify
    Authentication,  ///< class 28: wrong user, wrong or missing password, pg_hba
    NoSuchDatabase,  ///< 3D000
    Unavailable,     ///< 57P03, 53300: starting up, shutting down, too many connections
    ConnectionLost,  ///< an established connection broke; the outcome of a write is unknown
    Deadline,        ///< our own deadline passed, or 57014 by statement_timeout
    Cancelled,       ///< asked for by the caller
    Permission,      ///< 42501
    ReadOnly,        ///< 25006: a replica or a read-only transaction refused a write
    Syntax,          ///< other class 42
    Constraint,      ///< class 23
    Conflict,        ///< class 40: serialization, deadlock, cancelled by replica recovery; retry
    OutOfResources,  ///< class 53 (disk full, memory), 54
    Data,            ///< class 22
    Protocol,        ///< the server sent what we do not understand
    Other,
};

/// A failure as the product carries it around: never contains a password or a full connection string.
struct DbError
{
    ErrorKind kind = ErrorKind::Other;
    QString sqlState{}; ///< five characters, empty when the server did not answer
    QString message{};  ///< the server's or libpq's primary message, redacted
    QString detail{};
    QString hint{};
    int position = 0;               ///< 1-based character in the statement, 0 when none
    QString endpoint{};             ///< id of the endpoint it happened on
    bool mayStillBeRunning = false; ///< the connection was dropped while the server may go on
    /// Its deadline passed while it waited for one of our own connections, all busy: says nothing of the
    /// server.
    bool neverSent = false;

    /// One line for people: what happened, where, and the SQLSTATE in brackets.
    QString text() const;
    /// True when trying the same on another endpoint (or later) can help.
    bool isTransient() const;
};

/// A value or the reason there is none. Test with ok() first; the wrong accessor asserts.
template<class T> class [[nodiscard]] Result
{
public:
    Result(T value)
        : m_state(std::in_place_index<0>, std::move(value))
    {
    }
    Result(DbError error)
        : m_state(std::in_place_index<1>, std::move(error))
    {
    }

    bool ok() const { return m_state.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() & { return std::get<0>(m_state); }
    const T& value() const& { return std::get<0>(m_state); }
    T&& value() && { return std::get<0>(std::move(m_state)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    const DbError& error() const { return std::get<1>(m_state); }

private:
    std::variant<T, DbError> m_state;
};

/// Result of something that yields nothing but may fail.
using Status = Result<std::monostate>;
inline Status success()
{
    return Status(std::monostate{});
}

} // namespace atlas::db

Q_DECLARE_METATYPE(atlas::db::DbError)
