"""Liquidity ratios."""

from tasks.calculation.formula import Formula, Step, money

FORMULAS = (
    Formula(
        id="current_ratio",
        topic="liquidity",
        what="коэффициент текущей ликвидности",
        inputs=(
            money("current_assets", "оборотные активы", 200, 3000, 5),
            money("current_liabilities", "краткосрочные обязательства", 0.4, 1.1, of="current_assets"),
        ),
        steps=(Step("коэффициент текущей ликвидности", "current_assets / current_liabilities"),),
        unit="",
        decimals=(2,),
        yearly=True,
        train=(
            "Оборотные активы {company} — {current_assets}, краткосрочные обязательства — {current_liabilities}.",
            "По балансу {company} на 31 декабря {year} года: раздел II «Оборотные активы» — {current_assets}, раздел V «Краткосрочные обязательства» — {current_liabilities}.",
            "В течение года {company} должно погасить {current_liabilities}; оборотных активов у него {current_assets}. Каков коэффициент текущей ликвидности?",
            "Строка 1200 баланса {company} — {current_assets}, строка 1500 — {current_liabilities}.",
            "Поставщик просит отсрочку и изучает баланс {company}: current assets {current_assets}, current liabilities {current_liabilities}.",
            "Во сколько раз оборотные активы {company} больше краткосрочного долга, если активы — {current_assets}, а долг — {current_liabilities}?",
        ),
        validation=(
            "{company} располагает оборотными активами на {current_assets} против {current_liabilities} текущих обязательств.",
        ),
        test=(
            "Краткосрочные пассивы {company} на конец {year} года — {current_liabilities}, а запасы, дебиторка и деньги вместе — {current_assets}.",
            "Кредитный договор требует от {company} ликвидности не ниже 1,2. Итог раздела II баланса — {current_assets}, итог раздела V — {current_liabilities}. Каков current ratio на самом деле?",
            "Аудитор {company} сопоставляет оборотные средства ({current_assets}) и обязательства со сроком до года ({current_liabilities}).",
        ),
    ),
    Formula(
        id="quick_ratio",
        topic="liquidity",
        what="коэффициент быстрой ликвидности",
        inputs=(
            money("current_assets", "оборотные активы", 200, 3000, 5),
            money("inventory", "запасы", 0.2, 0.6, of="current_assets"),
            money("current_liabilities", "краткосрочные обязательства", 0.35, 0.9, of="current_assets"),
        ),
        steps=(
            Step("ликвидные активы без запасов", "current_assets - inventory", "money", "quick"),
            Step("коэффициент быстрой ликвидности", "quick / current_liabilities"),
        ),
        unit="",
        decimals=(2,),
        yearly=True,
        note="Ликвидными считаются все оборотные активы, кроме запасов.",
        train=(
            "Оборотные активы {company} — {current_assets}, в том числе запасы — {inventory}; краткосрочные обязательства — {current_liabilities}.",
            "На складах {company} лежит запасов на {inventory} из {current_assets} оборотных активов. Краткосрочный долг — {current_liabilities}. Каков коэффициент быстрой ликвидности?",
            "Баланс {company}: строка 1200 — {current_assets}, строка 1210 — {inventory}, строка 1500 — {current_liabilities}.",
            "Текущие обязательства {company} равны {current_liabilities}, оборотные средства — {current_assets}, запасы — {inventory}.",
            "Если вычесть запасы, хватит ли {company} денег на долги? Оборотные активы {current_assets}, запасы {inventory}, обязательства до года {current_liabilities}.",
            "На 31 декабря {year} года {company} имело оборотные активы {current_assets} (из них запасы {inventory}) и краткосрочные обязательства {current_liabilities}.",
        ),
        validation=(
            "Краткосрочные обязательства {company} — {current_liabilities}, оборотные активы — {current_assets}, в них запасов на {inventory}.",
        ),
        test=(
            "Сырьё и готовая продукция {company} оценены в {inventory}, все оборотные активы вместе с ними — в {current_assets}, а погасить в ближайший год нужно {current_liabilities}.",
            "Quick ratio {company}: current assets {current_assets}, inventories {inventory}, current liabilities {current_liabilities}. Сколько получится?",
            "Банк исключает запасы ({inventory}) из оборотных активов {company} ({current_assets}) и сравнивает остаток с краткосрочным долгом ({current_liabilities}).",
        ),
    ),
    Formula(
        id="cash_ratio",
        topic="liquidity",
        what="коэффициент абсолютной ликвидности",
        inputs=(
            money("cash", "денежные средства", 20, 300),
            money("investments", "краткосрочные финансовые вложения", 0.1, 0.8, of="cash"),
            money("current_liabilities", "краткосрочные обязательства", 3, 9, of="cash"),
        ),
        steps=(
            Step(
                "коэффициент абсолютной ликвидности",
                "(cash + investments) / current_liabilities",
            ),
        ),
        unit="",
        decimals=(2, 3),
        yearly=True,
        train=(
            "Денежные средства {company} — {cash}, краткосрочные финансовые вложения — {investments}, краткосрочные обязательства — {current_liabilities}.",
            "Баланс {company}: строка 1250 — {cash}, строка 1240 — {investments}, строка 1500 — {current_liabilities}.",
            "На счетах {company} {cash}, ещё {investments} размещено на коротких депозитах; краткосрочный долг — {current_liabilities}.",
            "Какую часть краткосрочных обязательств ({current_liabilities}) {company} может погасить немедленно, имея {cash} денег и {investments} краткосрочных вложений?",
            "На конец {year} года у {company} были деньги {cash}, краткосрочные вложения {investments} и текущие обязательства {current_liabilities}.",
            "Казначей {company} отчитался: остаток денег {cash}, депозиты до трёх месяцев {investments}, обязательства до года {current_liabilities}. Каков коэффициент абсолютной ликвидности?",
        ),
        validation=(
            "Долги {company} со сроком до года — {current_liabilities}; деньги — {cash}, краткосрочные вложения — {investments}.",
        ),
        test=(
            "Самые ликвидные активы {company}: {cash} на расчётных счетах и {investments} в краткосрочных облигациях. Им противостоят {current_liabilities} краткосрочных обязательств.",
            "Cash ratio {company}: cash {cash}, short-term investments {investments}, current liabilities {current_liabilities}. Какое получается значение?",
            "Краткосрочные обязательства {company} на дату отчёта — {current_liabilities}, денежные средства и их эквиваленты — {cash}, прочие краткосрочные финансовые вложения — {investments}.",
        ),
    ),
    Formula(
        id="working_capital",
        topic="liquidity",
        what="чистый оборотный капитал",
        inputs=(
            money("inventory", "запасы", 60, 900),
            money("receivables", "дебиторская задолженность", 0.5, 1.6, of="inventory"),
            money("cash", "денежные средства", 0.05, 0.4, of="inventory"),
            money("current_liabilities", "краткосрочные обязательства", 0.8, 2.2, of="inventory"),
        ),
        steps=(
            Step("оборотные активы", "inventory + receivables + cash", "money", "assets"),
            Step("чистый оборотный капитал", "assets - current_liabilities"),
        ),
        unit="money",
        decimals=(1, 2),
        yearly=True,
        train=(
            "Запасы {company} — {inventory}, дебиторская задолженность — {receivables}, деньги — {cash}; краткосрочные обязательства — {current_liabilities}. Других оборотных активов нет.",
            "Оборотные активы {company} состоят из запасов ({inventory}), дебиторки ({receivables}) и денег ({cash}). Краткосрочные обязательства — {current_liabilities}.",
            "Баланс {company}: 1210 — {inventory}, 1230 — {receivables}, 1250 — {cash}, 1500 — {current_liabilities}; остальные строки раздела II нулевые.",
            "Сколько собственных и долгосрочных средств вложено в оборот {company}, если запасы — {inventory}, долги покупателей — {receivables}, деньги — {cash}, а краткосрочный долг — {current_liabilities}?",
            "Финансовый директор {company} готовит справку на 31 декабря {year} года: запасы {inventory}, дебиторская задолженность {receivables}, касса и счета {cash}, краткосрочные обязательства {current_liabilities}.",
            "Покупатели должны {company} {receivables}, на складе товара на {inventory}, на счетах {cash}. Сама компания должна в течение года {current_liabilities}.",
        ),
        validation=(
            "У {company} текущих обязательств на {current_liabilities}; из оборотных активов — запасы {inventory}, дебиторка {receivables} и деньги {cash}.",
        ),
        test=(
            "Раздел II баланса {company} — это запасы {inventory}, дебиторская задолженность {receivables} и деньги {cash}; раздел V — {current_liabilities}.",
            "NWC {company}: inventories {inventory}, receivables {receivables}, cash {cash}, current liabilities {current_liabilities}. Сколько получится?",
            "Погасив все краткосрочные обязательства ({current_liabilities}) за счёт запасов ({inventory}), дебиторки ({receivables}) и денег ({cash}), что оставит себе {company}?",
        ),
    ),
    Formula(
        id="own_working_capital",
        topic="liquidity",
        what="коэффициент обеспеченности собственными оборотными средствами",
        inputs=(
            money("equity", "собственный капитал", 300, 2500, 5),
            money("noncurrent", "внеоборотные активы", 0.4, 0.9, of="equity"),
            money("current_assets", "оборотные активы", 0.5, 1.3, of="equity"),
        ),
        steps=(
            Step("собственные оборотные средства", "equity - noncurrent", "money", "own"),
            Step("коэффициент обеспеченности", "own / current_assets"),
        ),
        unit="",
        decimals=(2, 3),
        yearly=True,
        test=(
            "Собственный капитал {company} — {equity}, внеоборотные активы — {noncurrent}, оборотные активы — {current_assets}.",
            "По балансу {company} за {year} год: строка 1300 — {equity}, строка 1100 — {noncurrent}, строка 1200 — {current_assets}.",
            "Какая доля оборотных активов {company} ({current_assets}) профинансирована собственным капиталом, если капитал — {equity}, а во внеоборотные активы вложено {noncurrent}?",
            "Арбитражный управляющий проверяет {company}: капитал и резервы {equity}, внеоборотные активы {noncurrent}, оборотные активы {current_assets}.",
        ),
    ),
)
