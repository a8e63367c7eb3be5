"""Debt and its servicing."""

from tasks.calculation.formula import Formula, Step, money

FORMULAS = (
    Formula(
        id="debt_to_equity",
        topic="leverage",
        what="коэффициент финансового рычага (долг / собственный капитал)",
        inputs=(
            money("long_debt", "долгосрочные кредиты и займы", 100, 1500, 5),
            money("short_debt", "краткосрочные кредиты и займы", 0.2, 1.2, of="long_debt"),
            money("equity", "собственный капитал", 0.6, 3, of="long_debt"),
        ),
        steps=(
            Step("процентный долг", "long_debt + short_debt", "money", "debt"),
            Step("финансовый рычаг", "debt / equity"),
        ),
        unit="",
        decimals=(2,),
        yearly=True,
        train=(
            "Долгосрочные кредиты и займы {company} — {long_debt}, краткосрочные — {short_debt}, собственный капитал — {equity}.",
            "Баланс {company}: строка 1410 — {long_debt}, строка 1510 — {short_debt}, строка 1300 — {equity}.",
            "{company} заняло у банков {long_debt} на срок больше года и {short_debt} на срок до года; капитал акционеров — {equity}. Каков финансовый рычаг?",
            "На 31 декабря {year} года собственный капитал {company} равен {equity}, длинный долг — {long_debt}, короткий — {short_debt}.",
            "Рейтинговое агентство считает рычаг {company}: займы до года {short_debt}, займы свыше года {long_debt}, капитал и резервы {equity}.",
            "Как относится процентный долг {company} к собственному капиталу, если долгосрочные займы — {long_debt}, краткосрочные — {short_debt}, капитал — {equity}?",
        ),
        validation=("Капитал {company} — {equity}; кредиты: длинные {long_debt}, короткие {short_debt}.",),
        test=(
            "Облигации и банковские кредиты {company}: к погашению через год и позже — {long_debt}, в ближайшие двенадцать месяцев — {short_debt}. Собственные средства — {equity}.",
            "D/E {company}: long-term debt {long_debt}, short-term debt {short_debt}, equity {equity}. Каково значение?",
            "Заёмщик {company} показал капитал {equity} при долгосрочных займах {long_debt} и краткосрочных займах {short_debt}.",
        ),
    ),
    Formula(
        id="net_debt_ebitda",
        topic="leverage",
        what="отношение «чистый долг / EBITDA»",
        inputs=(
            money("ebitda", "EBITDA за 12 месяцев", 100, 1200),
            money("debt", "общий долг", 1.2, 5, of="ebitda"),
            money("cash", "денежные средства и эквиваленты", 0.1, 0.8, of="ebitda"),
        ),
        steps=(
            Step("чистый долг", "debt - cash", "money", "net"),
            Step("чистый долг / EBITDA", "net / ebitda"),
        ),
        unit="",
        decimals=(1, 2),
        yearly=True,
        train=(
            "Общий долг {company} — {debt}, денежные средства — {cash}, EBITDA за последние 12 месяцев — {ebitda}.",
            "Ковенант {company} — «чистый долг / EBITDA» не выше 3,5. Кредиты и облигации — {debt}, деньги — {cash}, EBITDA — {ebitda}.",
            "EBITDA {company} за {year} год — {ebitda}. На счетах {cash}, займов всего на {debt}. Какова долговая нагрузка?",
            "{company} раскрыло по МСФО: кредиты и займы {debt}, деньги и эквиваленты {cash}, EBITDA {ebitda}.",
            "Скольким годовым EBITDA ({ebitda}) равен чистый долг {company}, если займы — {debt}, а деньги — {cash}?",
            "На конец {year} года долг {company} составил {debt}, остаток денег — {cash}; годовая EBITDA — {ebitda}.",
        ),
        validation=("При годовой EBITDA {ebitda} у {company} {debt} долга и {cash} денег.",),
        test=(
            "Организатор выпуска считает нагрузку {company}: total debt {debt}, cash {cash}, LTM EBITDA {ebitda}.",
            "Если {company} направит все свои деньги ({cash}) на погашение долга ({debt}), скольким годовым EBITDA ({ebitda}) будет равен остаток?",
            "Долговой портфель {company} — {debt}, подушка ликвидности — {cash}, EBITDA {year} года — {ebitda}.",
        ),
    ),
    Formula(
        id="interest_cover",
        topic="leverage",
        what="коэффициент покрытия процентов",
        inputs=(
            money("pretax", "прибыль до налогообложения", 60, 900),
            money("interest", "проценты к уплате", 0.2, 1.5, of="pretax"),
        ),
        steps=(
            Step("EBIT", "pretax + interest", "money", "ebit"),
            Step("покрытие процентов", "ebit / interest"),
        ),
        unit="",
        decimals=(1, 2),
        yearly=True,
        note="Покрытие процентов — отношение прибыли до процентов и налогов к процентам к уплате.",
        train=(
            "Прибыль до налогообложения {company} — {pretax}, проценты к уплате — {interest}.",
            "Отчёт о финансовых результатах {company} за {year} год: строка 2300 — {pretax}, строка 2330 — {interest}.",
            "Уплатив {interest} процентов, {company} показало прибыль до налога {pretax}. Во сколько раз EBIT больше процентов?",
            "Банк оценивает {company}: процентные расходы {interest}, прибыль до налогов {pretax}.",
            "За {year} год проценты по кредитам обошлись {company} в {interest}; прибыль до налога после их вычета — {pretax}.",
            "Сколько раз {company} могло бы заплатить проценты из прибыли до процентов и налогов, если прибыль до налога — {pretax}, а проценты — {interest}?",
        ),
        validation=(
            "{company} за год начислило {interest} процентов по займам и получило {pretax} прибыли до налога.",
        ),
        test=(
            "ICR {company}: profit before tax {pretax}, interest expense {interest}.",
            "После роста ключевой ставки процентные расходы {company} достигли {interest}, а прибыль до налогообложения составила {pretax}. Каков запас покрытия процентов?",
            "Строка 2330 «Проценты к уплате» {company} — {interest}; строка 2300 «Прибыль (убыток) до налогообложения» — {pretax}.",
        ),
    ),
    Formula(
        id="dscr",
        topic="leverage",
        what="коэффициент покрытия долга денежным потоком (DSCR)",
        inputs=(
            money("principal", "погашение основного долга за год", 50, 600),
            money("interest", "проценты за год", 0.2, 0.9, of="principal"),
            money("ebitda", "EBITDA", 1.6, 3.6, of="principal"),
            money("tax", "уплаченный налог на прибыль", 0.05, 0.3, of="principal"),
        ),
        steps=(
            Step("денежный поток для обслуживания долга", "ebitda - tax", "money", "flow"),
            Step("платежи по долгу", "principal + interest", "money", "service"),
            Step("DSCR", "flow / service"),
        ),
        unit="",
        decimals=(2,),
        note="Поток для обслуживания долга — EBITDA за вычетом налога на прибыль.",
        test=(
            "EBITDA проекта {company} — {ebitda}, налог на прибыль — {tax}; за год нужно погасить {principal} основного долга и {interest} процентов.",
            "Проектное финансирование {company}: CFADS = EBITDA ({ebitda}) минус налог ({tax}); debt service — {principal} тела и {interest} процентов. Каков DSCR?",
            "Хватит ли {company} потока на долг? Годовые выплаты: тело {principal}, проценты {interest}. EBITDA {ebitda}, налог {tax}.",
            "В {year} году {company} заплатит кредитору {principal} в счёт основного долга и {interest} процентов, заработав EBITDA {ebitda} и отдав {tax} налога на прибыль.",
        ),
    ),
)
