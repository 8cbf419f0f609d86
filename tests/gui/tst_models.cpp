// SPDX-License-Identifier: GPL-3.0-or-later
// Item models without a server: whether they keep the rules that views rely on, while they change.
#include <QAbstractItemModelTester>
#include <QListView>
#include <QTest>

#include <memory>

#include "gui/assets/assetvaluesmodel.h"
#include "gui/assets/topvalues.h"
#include "gui/hotset/hotsetmodel.h"
#include "gui/support/timetext.h"
#include "gui/widgets/picker.h"
#include "gui/widgets/searchfield.h"
#include "tests/gui/fakecatalog.h"
#include "tests/gui/guitest.h"

using namespace atlas;
using namespace atlas::gui;

namespace {

using Mode = QAbstractItemModelTester::FailureReportingMode;

QStringList texts(const QAbstractItemModel& model, int column = 0)
{
    QStringList all;
    for (int row = 0; row < model.rowCount(); ++row)
        all << model.index(row, column).data().toString();
    return all;
}

hotset::Job job(qint64 id, int attributeId, hotset::Kind kind, const QString& phase)
{
    hotset::Job made;
    made.id = id;
    made.attributeId = attributeId;
    made.kind = kind;
    made.phase = phase;
    made.rowsDone = 250;
    made.rowsExpected = 1000;
    return made;
}

} // namespace

class TestModels : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_sandbox = std::make_unique<test::GuiSandbox>(); }

    void hotSet()
    {
        HotSetModel model;
        const QAbstractItemModelTester tester(&model, Mode::QtTest);
        // A view may look until the rows have gone: what it sees is then still of one piece.
        QStringList before;
        connect(&model, &QAbstractItemModel::modelAboutToBeReset, this, [&] { before = texts(model); });
        const AttributeCatalog fleet = test::fleetCatalog();
        model.setCatalog(fleet);
        QCOMPARE(model.rowCount(), fleet.size());
        // Under way, hot, then by how many have it.
        QCOMPARE(texts(model).mid(0, 3), (QStringList{QStringLiteral("firmware"), QStringLiteral("status"),
                                                      QStringLiteral("region")}));
        QCOMPARE(model.hotCount(), 1);

        const int firmware = fleet.findName(QStringLiteral("firmware"))->id;
        const int status = fleet.findName(QStringLiteral("status"))->id;
        model.setJobs({job(8, firmware, hotset::Kind::Promote, QStringLiteral("fill")),
                       job(7, status, hotset::Kind::Promote, QStringLiteral("done"))});
        QCOMPARE(
            texts(model, HotSetModel::Job).mid(0, 3),
            (QStringList{QStringLiteral("writing the projection"), QStringLiteral("promoted"), QString()}));
        QCOMPARE(model.index(0, HotSetModel::Job).data(HotSetModel::ProgressRole).toDouble(), 0.95 / 4);
        model.updateJob(job(9, firmware, hotset::Kind::Demote, QStringLiteral("verify")));
        QCOMPARE(model.newestJob(firmware)->id, 9);
        QCOMPARE(model.jobsOf(firmware).size(), size_t(2));
        QVERIFY(model.job(8) && !model.job(10));

        // Filters say which of the cold ones come first; of what is not cold only how many there were.
        const QStringList byShare = texts(model);
        QVERIFY(byShare.size() >= 5);
        hotset::Candidate much, little, hot;
        much.attributeId = fleet.findName(byShare.at(4))->id;
        much.filters = 3;
        much.milliseconds = 7'000;
        little.attributeId = fleet.findName(byShare.at(3))->id;
        little.filters = 1'200;
        little.milliseconds = 20;
        hot.attributeId = status;
        hot.filters = 9;
        hot.milliseconds = 1e6;
        model.setUsage({hot, little, much});
        QCOMPARE(texts(model).mid(0, 5),
                 (QStringList{byShare.at(0), byShare.at(1), byShare.at(4), byShare.at(3), byShare.at(2)}));
        QCOMPARE(
            texts(model, HotSetModel::Filters).mid(0, 5),
            (QStringList{QString(), QStringLiteral("9"), QStringLiteral("3"), countText(1'200), QString()}));
        const QString told = model.index(2, HotSetModel::Filters).data(Qt::ToolTipRole).toString();
        QVERIFY2(told.contains(elapsedText(7'000)) && !told.contains(QStringLiteral("a second")),
                 qPrintable(told));
        model.setUsage({});
        QCOMPARE(texts(model), byShare);

        model.setSearch(QStringLiteral("geo"));
        QCOMPARE(texts(model), (QStringList{QStringLiteral("geo_lat"), QStringLiteral("dest_geohash")}));
        QCOMPARE(model.rowOf(firmware), -1);
        // The job of a row that is not shown.
        model.updateJob(job(9, firmware, hotset::Kind::Demote, QStringLiteral("done")));
        model.setSearch({});
        const QStringList all = texts(model);
        model.setCatalog(test::fakeCatalog({test::FakeAttribute{QStringLiteral("alone")}}));
        QCOMPARE(before, all);
        QCOMPARE(texts(model), QStringList{QStringLiteral("alone")});
        model.setCatalog({});
        QCOMPARE(model.rowCount(), 0);
        model.setJobs({});
    }

    void assetValues()
    {
        AssetValuesModel model;
        const QAbstractItemModelTester tester(&model, Mode::QtTest);
        const AttributeCatalog fleet = test::fleetCatalog();
        browse::Asset asset;
        asset.entityId = 1;
        asset.externalId = QStringLiteral("T-1");
        const auto add = [&](const char* name, const QString& value) {
            browse::AssetValue made;
            made.attributeId = fleet.findName(QLatin1String(name))->id;
            made.value = value;
            made.observedAt = QDateTime(QDate(2026, 1, 2), QTime(3, 4, 5), Qt::UTC);
            asset.values.push_back(made);
        };
        add("temperature", QStringLiteral("81.50"));
        add("status", QStringLiteral("active"));
        add("region", QStringLiteral("eu-1"));
        model.setAsset(asset, fleet);
        QCOMPARE(texts(model), (QStringList{QStringLiteral("region"), QStringLiteral("status"),
                                            QStringLiteral("temperature")}));
        model.togglePinned(QStringLiteral("temperature"));
        QCOMPARE(texts(model).first(), QStringLiteral("temperature"));
        QVERIFY(model.index(0).data(AssetValuesModel::PinnedRole).toBool());
        QCOMPARE(model.index(0).data(AssetValuesModel::ValueRole).toString(), QStringLiteral("81.50"));
        model.setSearch(QStringLiteral("ACTIVE"));
        QCOMPARE(texts(model), QStringList{QStringLiteral("status")});
        model.setSearch(QStringLiteral("nothing has this"));
        QCOMPARE(model.rowCount(), 0);
        model.setSearch({});
        QCOMPARE(model.rowCount(), 3);
        asset.values.pop_back();
        model.setAsset(asset, fleet);
        QCOMPARE(model.rowCount(), 2);
        model.clear();
        QCOMPARE(model.rowCount(), 0);
    }

    void topValues()
    {
        TopValuesModel model;
        const QAbstractItemModelTester tester(&model, Mode::QtTest);
        model.setValues(ValueType::String, {{QStringLiteral("active"), 620}, {QString(), 5}}, 1000);
        QCOMPARE(texts(model), (QStringList{QStringLiteral("active"), QString()}));
        QCOMPARE(model.index(0).data(TopValuesModel::PartRole).toDouble(), 0.62);
        QVERIFY(!model.index(0).data(TopValuesModel::CheckedRole).isValid());
        model.setChecked(QStringList{QStringLiteral("active")});
        QVERIFY(model.index(0).data(TopValuesModel::CheckedRole).toBool());
        QVERIFY(!model.index(1).data(TopValuesModel::CheckedRole).toBool());
        model.setChecked({});
        model.setValues(ValueType::Boolean, {{QStringLiteral("1"), 20}}, 0);
        QCOMPARE(texts(model), QStringList{QStringLiteral("true")});
        model.clear();
        QCOMPARE(model.rowCount(), 0);
        model.setChecked(QStringList{});
    }

    void picker()
    {
        Picker picker(QStringLiteral("Tenant"), QStringLiteral("none"));
        QList<Picker::Item> items;
        for (int i = 0; i < 12; ++i)
            items << Picker::Item{QStringLiteral("Tenant %1").arg(i), {}, {}, i};
        picker.setItems(items);
        picker.show();
        QVERIFY(QTest::qWaitForWindowActive(&picker));
        picker.openList();
        QAbstractItemModel* model = picker.findChild<QListView*>()->model();
        const QAbstractItemModelTester tester(model, Mode::QtTest);
        QCOMPARE(model->rowCount(), 12);
        auto* search = picker.findChild<SearchField*>();
        QTest::keyClicks(search, QStringLiteral("tenant 1"));
        QCOMPARE(texts(*model), (QStringList{QStringLiteral("Tenant 1"), QStringLiteral("Tenant 10"),
                                             QStringLiteral("Tenant 11")}));
        // The list was read again while it is open, and there are fewer.
        items.resize(11);
        picker.setItems(items);
        QCOMPARE(texts(*model), (QStringList{QStringLiteral("Tenant 1"), QStringLiteral("Tenant 10")}));
        search->clear();
        QCOMPARE(model->rowCount(), 11);
        picker.setItems({});
        QCOMPARE(model->rowCount(), 0);
    }

private:
    std::unique_ptr<test::GuiSandbox> m_sandbox;
};

QTEST_MAIN(TestModels)
#include "tst_models.moc"
