// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

#include "gui/app/provenance.h"

namespace atlas::gui {

/// "replica-2 · 0.4 s old · ✓ < 10 s": where what is shown came from and whether that is fresh enough, as of
/// now.
class FreshnessBadge : public QWidget
{
    Q_OBJECT
public:
    explicit FreshnessBadge(QWidget* parent = nullptr);
    void setProvenance(const Provenance& provenance);
    QString text() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    void growOlder();
    void describe();
    QString source() const;
    QString verdict() const;

    Provenance m_provenance;
    std::optional<double> m_age; ///< as shown
    bool m_met = false;          ///< as shown
    QTimer m_second;             ///< while it is visible
};

} // namespace atlas::gui
