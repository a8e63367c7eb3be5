"""Break-even and operating leverage."""

from tasks.calculation.formula import ROUBLES, Formula, Step, given, money

UNIT_INPUTS = (
    given("rub", "price", "цена за штуку", 400, 6000, 50),
    given("rub", "variable", "переменные затраты на штуку", 0.35, 0.75, 10, of="price"),
)

FORMULAS = (
    Formula(
        id="break_even_units",
        topic="break_even",
        what="точка безубыточности в штуках за месяц",
        accusative="точку безубыточности в штуках за месяц",
        inputs=(*UNIT_INPUTS, money("fixed", "постоянные затраты в месяц", 150_000, 4_000_000, 1000)),
        steps=(
            Step("маржинальный доход на штуку", "price - variable", "руб.", "margin"),
            Step("точка безубыточности", "fixed / margin"),
        ),
        unit="шт.",
        decimals=(0,),
        exact=True,
        scales=ROUBLES,
        train=(
            "{company} продаёт изделие по {price}, переменные затраты на штуку — {variable}, постоянные — {fixed} в месяц.",
            "Постоянные расходы {company} — {fixed} в месяц; каждая штука продаётся за {price} и требует {variable} переменных затрат. Сколько штук надо продать, чтобы выйти в ноль?",
            "Цена — {price}; переменные затраты — {variable} на единицу; постоянные — {fixed} в месяц.",
            "Кофейня открывается: средний чек {price}, себестоимость чека {variable}, аренда и зарплаты {fixed} в месяц. Один чек — одна штука.",
            "При каком объёме {company} не получит ни прибыли, ни убытка, если цена — {price}, прямые затраты — {variable} на штуку, а накладные — {fixed} в месяц?",
            "Плановик {company} ищет критический объём: отпускная цена {price}, сырьё и сдельная оплата {variable} на штуку, постоянные расходы {fixed} в месяц.",
        ),
        validation=("Накладные расходы {fixed} в месяц, цена штуки {price}, переменные {variable}.",),
        test=(
            "{company} тратит {fixed} в месяц независимо от выпуска, ещё {variable} на каждое изделие, а продаёт изделие за {price}.",
            "Break-even point {company}: price {price}, variable cost {variable} per unit, fixed cost {fixed} per month. Сколько штук получится?",
            "За одну подписку {company} берёт {price}, её обслуживание стоит {variable}; команда и серверы обходятся в {fixed} ежемесячно (штука — подписка).",
        ),
    ),
    Formula(
        id="break_even_revenue",
        topic="break_even",
        what="порог рентабельности (безубыточная выручка)",
        inputs=(
            money("revenue", "выручка", 200, 4000, 10),
            money("variable", "переменные затраты", 0.4, 0.75, 5, of="revenue"),
            money("fixed", "постоянные затраты", 0.1, 0.3, 5, of="revenue"),
        ),
        steps=(
            Step("доля маржинального дохода", "(revenue - variable) / revenue", "", "ratio"),
            Step("порог рентабельности", "fixed / ratio"),
        ),
        unit="money",
        decimals=(1, 2),
        yearly=True,
        train=(
            "Выручка {company} — {revenue}, переменные затраты — {variable}, постоянные — {fixed}.",
            "{company} за {year} год: продажи {revenue}, переменные расходы {variable}, постоянные расходы {fixed}. При какой выручке прибыль равна нулю?",
            "Директ-костинг {company}: выручка {revenue}; переменные затраты {variable}; постоянные затраты {fixed}.",
            "До какого уровня может упасть выручка {company} ({revenue}), чтобы не было убытка, если переменные затраты — {variable}, а постоянные — {fixed}?",
            "Из выручки {revenue} {company} покрывает {variable} переменных и {fixed} постоянных затрат.",
            "Контролёр {company} оценивает порог рентабельности: продажи {revenue}, переменная часть затрат {variable}, постоянная {fixed}.",
        ),
        validation=("Продажи {revenue}, из них переменные расходы {variable}; постоянные {fixed}.",),
        test=(
            "За сезон {company} выручило {revenue}; расходы, зависящие от загрузки, — {variable}, не зависящие — {fixed}.",
            "Какой оборот позволит {company} только покрыть издержки, если при {revenue} выручки переменные издержки {variable}, а постоянные {fixed}?",
            "Break-even revenue {company}: sales {revenue}, variable costs {variable}, fixed costs {fixed}.",
        ),
    ),
    Formula(
        id="operating_leverage",
        topic="break_even",
        what="сила операционного рычага",
        accusative="силу операционного рычага",
        inputs=(
            money("revenue", "выручка", 200, 4000, 10),
            money("variable", "переменные затраты", 0.35, 0.7, 5, of="revenue"),
            money("fixed", "постоянные затраты", 0.1, 0.25, 5, of="revenue"),
        ),
        steps=(
            Step("маржинальный доход", "revenue - variable", "money", "margin"),
            Step("прибыль", "margin - fixed", "money", "profit"),
            Step("операционный рычаг", "margin / profit"),
        ),
        unit="",
        decimals=(2,),
        plausible=("", 1.1, 9),
        yearly=True,
        train=(
            "Выручка {company} — {revenue}, переменные затраты — {variable}, постоянные — {fixed}.",
            "{company} продало на {revenue}; переменные расходы — {variable}, постоянные — {fixed}. Во сколько раз быстрее выручки меняется прибыль?",
            "Для {company} известны выручка {revenue}, переменные затраты {variable} и постоянные затраты {fixed}.",
            "Какова сила операционного рычага {company} при выручке {revenue}, переменных затратах {variable} и постоянных {fixed}?",
            "Инвестор оценивает риск {company}: продажи {revenue}, сырьё и логистика {variable}, аренда и оклады {fixed}.",
            "Постоянные затраты {company} — {fixed}, переменные — {variable}, весь объём продаж — {revenue}.",
        ),
        validation=("Объём продаж {revenue}, затраты: переменные {variable}, постоянные {fixed}.",),
        test=(
            "DOL {company}: sales {revenue}, variable costs {variable}, fixed costs {fixed}.",
            "Во сколько раз сильнее выручки отреагирует прибыль {company}, если сейчас продажи {revenue}, переменные издержки {variable}, постоянные {fixed}?",
            "Эффект рычага {company} за {year} год: из выручки {revenue} вычитают {variable} переменных, а затем {fixed} постоянных расходов.",
        ),
    ),
    Formula(
        id="target_volume",
        topic="break_even",
        what="объём продаж в штуках, дающий целевую прибыль",
        inputs=(
            *UNIT_INPUTS,
            money("fixed", "постоянные затраты в месяц", 150_000, 3_000_000, 1000),
            money("target", "целевая прибыль в месяц", 100_000, 1_500_000, 5000),
        ),
        steps=(
            Step("маржинальный доход на штуку", "price - variable", "руб.", "margin"),
            Step("объём продаж", "(fixed + target) / margin"),
        ),
        unit="шт.",
        decimals=(0,),
        exact=True,
        scales=ROUBLES,
        note="Налоги не учитывать.",
        test=(
            "{company} хочет зарабатывать {target} прибыли в месяц. Цена — {price}, переменные затраты — {variable} на штуку, постоянные — {fixed} в месяц.",
            "Сколько штук в месяц продавать по {price}, чтобы при переменных затратах {variable} на штуку и постоянных {fixed} получать {target} прибыли?",
            "План {company} — прибыль {target} в месяц. На штуку: выручка {price}, переменные расходы {variable}; постоянные расходы месяца — {fixed}.",
            "Каждый месяц {company} покрывает {fixed} постоянных расходов и ставит цель по прибыли {target}; изделие продаётся по {price}, сырьё и упаковка стоят {variable}.",
        ),
    ),
)
