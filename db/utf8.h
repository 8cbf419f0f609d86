// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArrayView>
#include <QString>

namespace atlas::db {

/// What a server or a file holds, as text. QString::fromUtf8() drops a leading U+FEFF as a byte order mark;
/// in a value or a name it is a character like any other.
inline QString textOf(QByteArrayView utf8)
{
    constexpr char mark[] = "\xEF\xBB\xBF";
    QString marks;
    for (; utf8.startsWith(QByteArrayView(mark, 3)); utf8 = utf8.sliced(3))
        marks += QChar(QChar::ByteOrderMark);
    return marks + QString::fromUtf8(utf8);
}

} // namespace atlas::db
