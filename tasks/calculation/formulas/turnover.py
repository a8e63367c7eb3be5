"""Turnover and the cash cycle."""

from tasks.calculation.formula import Formula, Step, given, money

YEAR = "В году 365 дней."

FORMULAS = (
    Formula(
        id="receivable_days",
        topic="turnover",
        what="срок оборота дебиторской задолженности в днях",
        inputs=(
            money("revenue", "выручка за год", 500, 8000, 10),
            money("receivables", "средняя дебиторская задолженность", 0.05, 0.28, of="revenue"),
        ),
        steps=(Step("срок оборота дебиторки", "receivables / revenue * 365"),),
        unit="дней",
        decimals=(0, 1),
        note=YEAR,
        yearly=True,
        train=(
            "Выручка {company} за {year} год — {revenue}, средняя дебиторская задолженность — {receivables}.",
            "Покупатели в среднем должны {company} {receivables} при годовых продажах {revenue}. Сколько дней проходит до оплаты?",
            "Строка 1230 баланса {company} в среднем за год — {receivables}, строка 2110 — {revenue}.",
            "Отдел продаж {company} даёт отсрочку: дебиторка в среднем {receivables}, выручка за год {revenue}.",
            "За {year} год {company} отгрузило продукции на {revenue}; средний остаток задолженности покупателей — {receivables}.",
            "Каков средний период инкассации у {company}, если дебиторская задолженность — {receivables}, а годовая выручка — {revenue}?",
        ),
        validation=("Средний долг покупателей перед {company} — {receivables}, выручка года — {revenue}.",),
        test=(
            "DSO {company}: average receivables {receivables}, annual sales {revenue}.",
            "Кредитный контролёр {company} сверяет фактическую отсрочку с договорной. Годовой объём продаж {revenue}, средний остаток дебиторки {receivables}. Сколько дней составляет фактическая отсрочка?",
            "При продажах {revenue} в год клиенты {company} держат неоплаченными счета в среднем на {receivables}.",
        ),
    ),
    Formula(
        id="inventory_days",
        topic="turnover",
        what="срок оборота запасов в днях",
        inputs=(
            money("cost", "себестоимость продаж за год", 400, 6000, 10),
            money("start", "запасы на начало года", 0.06, 0.3, of="cost"),
            money("end", "запасы на конец года", 0.8, 1.35, of="start"),
        ),
        steps=(
            Step("средние запасы", "(start + end) / 2", "money", "average"),
            Step("срок оборота запасов", "average / cost * 365"),
        ),
        unit="дней",
        decimals=(0, 1),
        note=YEAR + " Запасы берутся средние: полусумма на начало и конец года.",
        train=(
            "Запасы {company} на начало года — {start}, на конец — {end}; себестоимость продаж за год — {cost}.",
            "Себестоимость продаж {company} за {year} год — {cost}. Строка 1210 баланса: на начало года {start}, на конец {end}.",
            "На складе {company} в начале {year} года лежало товара на {start}, в конце — на {end}. Себестоимость проданного — {cost}. Сколько дней товар лежит на складе?",
            "Логист {company} считает оборот склада: запасы на 1 января {start}, на 31 декабря {end}, годовая себестоимость {cost}.",
            "За сколько дней в среднем оборачиваются запасы {company}, если они изменились с {start} до {end}, а себестоимость продаж составила {cost}?",
            "{company}: себестоимость {cost}, запасы на входе в год {start}, на выходе {end}.",
        ),
        validation=(
            "Складские остатки {company}: {start} в начале и {end} в конце {year} года; себестоимость продаж — {cost}.",
        ),
        test=(
            "DIO {company}: inventories {start} at the beginning and {end} at the end of the year, COGS {cost}.",
            "Сырьё, незавершёнка и готовая продукция {company} стоили {start} в январе и {end} в декабре; за год продано продукции себестоимостью {cost}. На сколько дней работы хватает среднего запаса?",
            "Годовая себестоимость {company} по строке 2120 — {cost}; запасы по балансу — {start} на 31 декабря {prev} года и {end} на 31 декабря {year} года.",
        ),
    ),
    Formula(
        id="cash_cycle",
        topic="turnover",
        what="финансовый цикл в днях",
        inputs=(
            given("days", "inventory_days", "срок оборота запасов", 20, 130),
            given("days", "receivable_days", "срок оборота дебиторской задолженности", 15, 110),
            given("days", "payable_days", "срок оборота кредиторской задолженности", 12, 95),
        ),
        steps=(
            Step("операционный цикл", "inventory_days + receivable_days", "дней", "operating"),
            Step("финансовый цикл", "operating - payable_days"),
        ),
        unit="дней",
        decimals=(0,),
        plausible=("", 12, 200),
        train=(
            "У {company} запасы оборачиваются за {inventory_days}, дебиторская задолженность — за {receivable_days}, кредиторская — за {payable_days}.",
            "Показатели {company}: оборот запасов — {inventory_days}, оборот дебиторки — {receivable_days}, оборот кредиторки — {payable_days}.",
            "Товар лежит на складе {company} {inventory_days}, покупатель платит через {receivable_days}, а поставщики ждут оплату {payable_days}. На сколько дней деньги заморожены в обороте?",
            "Казначей {company} считает цикл денег: DIO — {inventory_days}, DSO — {receivable_days}, DPO — {payable_days}.",
            "Поставщики дают {company} отсрочку — {payable_days}. Запасы держатся {inventory_days}, клиенты рассчитываются за {receivable_days}. Каков финансовый цикл?",
            "По итогам {year} года у {company} период оборота запасов — {inventory_days}, период инкассации — {receivable_days}, период оплаты поставщикам — {payable_days}.",
        ),
        validation=(
            "{company} платит поставщикам через {payable_days}, держит запас {inventory_days} и ждёт денег от клиентов {receivable_days}.",
        ),
        test=(
            "Cash conversion cycle {company}: days inventory — {inventory_days}, days sales — {receivable_days}, days payables — {payable_days}.",
            "Оборотный капитал {company} проверяет новый CFO: склад — {inventory_days}, деньги от клиентов — через {receivable_days}, оплата сырья — через {payable_days}. Сколько дней между оплатой сырья и получением выручки?",
            "Кредиторская задолженность {company} погашается за {payable_days}; запасы превращаются в продажи за {inventory_days}, продажи в деньги — за {receivable_days}.",
        ),
    ),
    Formula(
        id="capital_release",
        topic="turnover",
        what="сумма высвобождения оборотных средств",
        accusative="сумму высвобождения оборотных средств",
        inputs=(
            money("revenue", "выручка за год", 730, 7300, 73),
            given("days", "before", "срок оборота оборотных средств до ускорения", 60, 140),
            given("days", "after", "срок оборота после ускорения", 0.6, 0.92, of="before"),
        ),
        steps=(
            Step("однодневная выручка", "revenue / 365", "money", "daily"),
            Step("высвобождение", "daily * (before - after)"),
        ),
        unit="money",
        decimals=(1, 2),
        note=YEAR,
        test=(
            "Выручка {company} — {revenue} в год. Срок оборота оборотных средств был {before}, стал {after}.",
            "{company} ускорило оборот: раньше оборотные средства возвращались за {before}, теперь за {after}. Годовые продажи — {revenue}. Сколько денег высвободилось из оборота?",
            "Проект по ускорению расчётов в {company} дал результат: оборот занимал {before}, теперь {after}; выручка не изменилась и равна {revenue}.",
            "Период оборота оборотного капитала {company}: план — {after}, факт прошлого года — {before}. Выручка — {revenue} за год. Сколько средств высвободит выполнение плана?",
        ),
    ),
)
