// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QList>
#include <QToolButton>
#include <QVariant>

#include <functional>

class QFrame;
class QLabel;
class QListView;
class QVBoxLayout;

namespace atlas::gui {

class PickerModel;
class SearchField;

/// A choice out of a list that may be long: a flat button that opens a list with a search field. Keyboard:
/// Down or Space opens, typing searches, Up and Down move, Return chooses, Esc closes.
class Picker : public QToolButton
{
    Q_OBJECT
public:
    struct Item
    {
        QString text;
        QString detail;
        QIcon icon;
        QVariant data;
    };

    /// `caption` is muted before the choice ("Tenant"); `placeholder` is shown while nothing is chosen.
    Picker(const QString& caption, const QString& placeholder, QWidget* parent = nullptr);
    ~Picker() override;

    void setItems(const QList<Item>& items);
    QList<Item> items() const { return m_items; }
    /// -1: none.
    void setCurrent(int index);
    int currentIndex() const { return m_current; }
    void setCurrentData(const QVariant& wanted);
    QVariant currentData() const;
    /// Shown instead of the choice (loading, unreadable); empty: the choice.
    void setStatusText(const QString& text);
    /// A line below the list that does something else.
    void addFooter(const QString& text, const QString& iconName, std::function<void()> run);

    void openList();
    bool isListOpen() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void chosen(int index);

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QString shownText() const;
    void choose(const QModelIndex& index);
    void buildPopup();

    QString m_caption;
    QString m_placeholder;
    QString m_status;
    QList<Item> m_items;
    int m_current = -1;
    QFrame* m_popup = nullptr;
    QVBoxLayout* m_column = nullptr;
    SearchField* m_search = nullptr;
    QListView* m_list = nullptr;
    QLabel* m_none = nullptr;
    PickerModel* m_model = nullptr;
};

} // namespace atlas::gui
