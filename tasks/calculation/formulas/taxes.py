"""Russian taxes, at the rates of the date that each problem names.

Tax Code: VAT 20% (art. 164, 2019–2025), profit tax 20% until 2024 and 25% from 2025 (art. 284), personal income tax by
steps from 2025 (art. 224), late-payment interest of 1/300 of the key rate a day in the first 30 days (art. 75), tax on
deposit interest above 1 mln roubles × the highest key rate of the year on the first day of a month (art. 214.2).
Key rate: Bank of Russia, by date.
"""

from tasks.calculation.formula import ROUBLES, Formula, Step, given, money, percent

KEY_RATES = (
    {"rate": "7.5", "since": "19 сентября 2022 года"},
    {"rate": "12", "since": "15 августа 2023 года"},
    {"rate": "13", "since": "18 сентября 2023 года"},
    {"rate": "15", "since": "30 октября 2023 года"},
    {"rate": "16", "since": "18 декабря 2023 года"},
    {"rate": "18", "since": "29 июля 2024 года"},
    {"rate": "19", "since": "16 сентября 2024 года"},
    {"rate": "21", "since": "28 октября 2024 года"},
    {"rate": "20", "since": "9 июня 2025 года"},
    {"rate": "17", "since": "15 сентября 2025 года"},
)
"""Key rate and the date it took effect; each held for more than 30 days."""

FORMULAS = (
    Formula(
        id="vat_included",
        topic="taxes",
        what="сумма НДС в цене",
        accusative="сумму НДС в цене",
        inputs=(
            money("gross", "сумма с НДС", 60_000, 6_000_000, 100),
            percent("rate", "ставка НДС", 20, 20),
        ),
        steps=(Step("НДС", "gross * frac(rate) / (1 + frac(rate))"),),
        unit="руб.",
        scales=ROUBLES,
        surroundings="tax",
        rows=tuple({"rate": rate, "period": str(year)} for year in range(2019, 2026) for rate in ("10", "20")),
        train=(
            "В {period} году {company} оплатило счёт на {gross}, включая НДС по ставке {rate}.",
            "Договор {period} года: цена {gross} с НДС {rate}. Сколько в ней налога?",
            "Бухгалтер {company} выделяет НДС из суммы {gross}; ставка на товар в {period} году — {rate}.",
            "Поставщик выставил {company} универсальный передаточный документ на {gross}, в том числе НДС {rate} ({period} год).",
            "Покупка обошлась {company} в {gross}. Какую сумму НДС можно принять к вычету, если ставка {period} года по этому товару — {rate}?",
            "В платёжном поручении {period} года указано {gross}, «в том числе НДС {rate}», но сумма налога пропущена.",
        ),
        validation=("Чек {period} года: {gross} вместе с НДС {rate}.",),
        test=(
            "Счёт-фактура от {period} года, покупатель {company}: всего к оплате с налогом {gross}, ставка налога {rate}.",
            "Сколько из {gross}, перечисленных {company} в {period} году по ставке НДС {rate}, уйдёт в бюджет как налог с этой продажи?",
            "Аванс {gross} получен в {period} году; НДС исчисляется расчётным методом, ставка товара — {rate}.",
        ),
    ),
    Formula(
        id="profit_tax",
        topic="taxes",
        what="сумма налога на прибыль",
        accusative="сумму налога на прибыль",
        inputs=(
            money("income", "доходы", 100, 3000, 5),
            money("expense", "расходы", 0.6, 0.95, 1, of="income"),
            percent("rate", "ставка налога на прибыль", 20, 25, 5),
        ),
        steps=(
            Step("налоговая база", "income - expense", "money", "base"),
            Step("налог на прибыль", "base * frac(rate)"),
        ),
        unit="money",
        decimals=(2,),
        surroundings="tax",
        rows=(
            *({"rate": "20", "period": str(year)} for year in range(2019, 2025)),
            *({"rate": "25", "period": "2025"} for _ in range(3)),
        ),
        train=(
            "За {period} год доходы {company} для целей налога на прибыль — {income}, расходы — {expense}. Ставка в {period} году — {rate}.",
            "{company} готовит декларацию за {period} год: доходы {income}, признанные расходы {expense}, ставка {rate}. Какой налог заплатить?",
            "Налоговый учёт {company}, {period} год: учтённые доходы {income}; учтённые расходы {expense}; общая ставка налога на прибыль {rate}.",
            "В {period} году {company} на общей системе получило {income} доходов и понесло {expense} расходов; прибыль облагается по ставке {rate}.",
            "Сколько отдаст бюджету {company}, если налогооблагаемые доходы {period} года — {income}, вычитаемые расходы — {expense}, ставка — {rate}?",
            "Главный бухгалтер {company} закрывает {period} год. Доходы {income}, расходы {expense}, налог на прибыль {rate}.",
        ),
        validation=(
            "Налоговая декларация {company} за {period} год: {income} доходов, {expense} расходов, ставка {rate}.",
        ),
        test=(
            "Для расчёта налога на прибыль за {period} год у {company} есть: сумма доходов {income}, сумма расходов {expense}, действующая ставка {rate}.",
            "При ставке {rate}, установленной на {period} год, во что обойдётся {company} налог, если доходы по налоговому учёту {income}, а расходы {expense}?",
            "Регистры {company} за {period} год закрыты: расходов к вычету {expense}, доходов {income}; налог на прибыль берут по ставке {rate}.",
        ),
    ),
    Formula(
        id="net_salary",
        topic="taxes",
        what="зарплата на руки",
        accusative="зарплату на руки",
        inputs=(
            money("salary", "начисленная зарплата", 40_000, 180_000, 500),
            money("deduction", "стандартный вычет", 1400, 1400),
            percent("rate", "ставка НДФЛ", 13, 13),
        ),
        steps=(
            Step("НДФЛ", "(salary - deduction) * frac(rate)", "руб.", "tax"),
            Step("зарплата на руки", "salary - tax"),
        ),
        unit="руб.",
        decimals=(0,),
        exact=True,
        scales=ROUBLES,
        surroundings="household",
        train=(
            "За январь {year} года сотруднику {company} начислили {salary}. Вычет на первого ребёнка — {deduction}, ставка НДФЛ — {rate}.",
            "Оклад за январь {year} года — {salary}; НДФЛ {rate} удерживают с суммы за минусом детского вычета {deduction}. Сколько придёт на карту?",
            "Бухгалтер {company} считает выплату за январь {year} года: начислено {salary}, вычет на ребёнка {deduction}, налог {rate}.",
            "Работница с одним ребёнком заработала {salary} за январь {year} года. Вычет — {deduction}, НДФЛ — {rate}.",
            "Сколько получит на руки сотрудник, если ему начислили {salary}, стандартный вычет — {deduction}, а НДФЛ — {rate}?",
            "По расчётному листку: начислено {salary}; вычет по НДФЛ {deduction}; ставка {rate}.",
        ),
        validation=("Начислено {salary}, детский вычет {deduction}, налог {rate} (январь {year} года).",),
        test=(
            "Инженеру {company} за январь {year} года положено {salary} до налога; он предоставил заявление на вычет {deduction}, ставка налога — {rate}.",
            "Какая сумма останется после НДФЛ {rate} от зарплаты {salary}, если {deduction} из неё налогом не облагаются?",
            "HR предлагает кандидату {salary} gross в месяц. С учётом НДФЛ {rate} и ежемесячного вычета {deduction} нужно назвать сумму net.",
        ),
    ),
    Formula(
        id="deposit_income_tax",
        topic="taxes",
        what="налог на доход по вкладам",
        inputs=(
            money("interest", "проценты по вкладам за год", 230_000, 900_000, 100),
            money("exempt", "необлагаемая сумма", 150_000, 210_000),
            percent("rate", "ставка НДФЛ", 13, 13),
        ),
        steps=(
            Step("облагаемый доход", "interest - exempt", "руб.", "base"),
            Step("налог", "base * frac(rate)"),
        ),
        unit="руб.",
        decimals=(0,),
        exact=True,
        scales=ROUBLES,
        surroundings="household",
        rows=(
            {"exempt": "150000", "period": "2023"},
            {"exempt": "210000", "period": "2024"},
            {"exempt": "210000", "period": "2025"},
        ),
        train=(
            "За {period} год вкладчик получил {interest} процентов. Необлагаемая сумма за {period} год — {exempt}, ставка НДФЛ — {rate}.",
            "Проценты клиента {bank} за {period} год — {interest}; налогом не облагаются {exempt}; остальное — по ставке {rate}. Какой налог начислит ФНС?",
            "В {period} году {bank} и другие банки выплатили вкладчику {interest}. Порог {period} года — {exempt}, налог — {rate}.",
            "Сколько НДФЛ придётся заплатить с {interest} процентов по депозитам за {period} год при необлагаемом минимуме {exempt} и ставке {rate}?",
            "Пенсионерка получила по вкладам {interest} за {period} год. Льгота — {exempt}, ставка — {rate}.",
            "Налоговое уведомление за {period} год: доход по вкладам {interest}, не облагается {exempt}, ставка {rate}.",
        ),
        validation=("Депозиты за {period} год: проценты {interest}, лимит {exempt}, НДФЛ {rate}.",),
        test=(
            "Инспекция собрала сведения банков: гражданин заработал на вкладах {interest} за {period} год. Вычитается {exempt}, налоговая ставка {rate}.",
            "До декабря следующего года нужно уплатить налог с процентов за {period} год ({interest}). Каким он будет, если {exempt} освобождены, а ставка равна {rate}?",
            "Консультант {bank} объясняет клиенту налог: процентный доход {period} года {interest}, свободны от налога {exempt}, к превышению применяется {rate}.",
        ),
    ),
    Formula(
        id="tax_penalty",
        topic="taxes",
        what="сумма пеней",
        accusative="сумму пеней",
        inputs=(
            money("debt", "недоимка", 30_000, 3_000_000, 1000),
            percent("rate", "ключевая ставка", 7, 21),
            given("days", "days", "просрочка", 4, 29),
        ),
        steps=(Step("пени", "debt * frac(rate) / 300 * days"),),
        unit="руб.",
        scales=ROUBLES,
        rows=KEY_RATES,
        note="За каждый из первых 30 дней просрочки начисляется 1/300 ключевой ставки.",
        surroundings="tax",
        train=(
            "{company} уплатило налог {debt} с опозданием, просрочка — {days}. Ключевая ставка Банка России (с {since}) — {rate}.",
            "Недоимка — {debt}, просрочка — {days}, ключевая ставка весь этот срок — {rate} (действует с {since}). Сколько пеней начислят?",
            "Налог {debt} не уплачен вовремя; опоздание — {days}; ключевая ставка, установленная с {since}, — {rate}.",
            "Вскоре после {since}, когда ключевая ставка стала {rate}, {company} просрочило платёж {debt}; опоздание составило {days}.",
            "Какие пени заплатит {company} за задержку налога {debt}, если просрочка — {days}, а ключевая ставка с {since} — {rate}?",
            "Инспекция начисляет пени {company}. Сумма недоимки {debt}, ключевая ставка {rate} (с {since}), дней просрочки — {days}.",
        ),
        validation=("Недоимка {debt}, {days} просрочки, ключевая ставка {rate} (с {since}).",),
        test=(
            "Страховые взносы {debt} перечислены позже срока; задержка — {days}; Банк России установил с {since} ставку {rate}.",
            "При ключевой ставке {rate}, которая действует с {since}, во что обойдётся {company} задержка налога {debt}, если она длилась {days}?",
            "Бухгалтер {company} проверяет требование ИФНС: долг {debt}, опоздание — {days}, ключевая ставка {rate} (введена с {since}).",
        ),
    ),
    Formula(
        id="progressive_tax",
        topic="taxes",
        what="годовая сумма НДФЛ",
        accusative="годовую сумму НДФЛ",
        inputs=(
            money("income", "доход за 2025 год", 2_450_000, 4_950_000, 10_000),
            money("threshold", "порог первой ступени", 2_400_000, 2_400_000),
            percent("first", "ставка до порога", 13, 13),
            percent("second", "ставка сверх порога", 15, 15),
        ),
        steps=(
            Step("налог до порога", "threshold * frac(first)", "руб.", "base"),
            Step("налог сверх порога", "(income - threshold) * frac(second)", "руб.", "extra"),
            Step("НДФЛ", "base + extra"),
        ),
        unit="руб.",
        decimals=(0,),
        exact=True,
        scales=ROUBLES,
        surroundings="household",
        test=(
            "Доход сотрудника {company} за 2025 год — {income}. До {threshold} действует ставка {first}, на часть свыше (до 5 млн руб.) — {second}.",
            "С 2025 года первая ступень НДФЛ — {first} до {threshold}, вторая — {second} до 5 млн руб. Какой налог за 2025 год удержат с дохода {income}?",
            "Директор {company} заработал за 2025 год {income}. Шкала: {first} на доход в пределах {threshold}, {second} на превышение.",
            "Налоговый агент {company} начислил работнику {income} за 2025 год; ставка {first} применяется до {threshold}, дальше — {second}. Вычетов нет.",
        ),
    ),
)
