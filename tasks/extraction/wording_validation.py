"""Wording of the validation documents."""

from tasks.extraction.wording import Wording

WORDING = Wording(
    prompts=(
        "Перепишите фактические цифры раскрытия в виде записей.\n\n{text}",
        "Требуется реестр показателей по документу.\n\nДокумент:\n{text}",
        "{text}\n\nЧто из этого — фактические данные отчёта? Ответьте записями.",
        "Документ эмитента приведён ниже; разнесите его цифры по полям.\n\n{text}",
        "Обработайте сообщение для витрины данных.\n\n{text}",
        "Составьте опись показателей отчёта.\n\n[{text}]",
    ),
    company_prompts=("Нас интересует лишь {company}. Какие показатели компания раскрыла?\n\n{text}",),
    standard_prompts=("Возьмите из документа лишь данные по {standard}.\n\n{text}",),
    leads=(
        "Вышел отчёт {company} {over} по {standard}.",
        "{company}, отчёт {over}, {standard}.",
        "Инвесторам {company}: как прошёл период. {tag}, {standard}.",
        "Раскрытие {company} ({standard}) охватывает результаты {over}.",
    ),
    flow=(
        "{Nom} {fixed} на отметке {value}: {by} {higher} прошлогодней.",
        "Отчётное значение {gen} — {value} ({signed} {cmp_short}).",
        "{Nom} {when} {grew} {by} {cmp}; итог — {value}.",
        "{Cmp} {signed}: {nom} {when} — {value}.",
    ),
    stock=(
        "Величина {gen} {on} — {value}, {scmp} это {signed}.",
        "{Nom}: {value} {on} ({signed} {scmp_short}).",
        "{On} накоплено: {nom} — {value}, {signed} {scmp_short}.",
    ),
    flow_plain=("Значение {gen} {when} — {value}.", "{Nom}: {value} {over}."),
    stock_plain=("Значение {gen} {on} — {value}.",),
    against=("{Nom}: {value}, а {prior_over} было {prior}.",),
    losses=(
        "Итог {over} — чистый убыток {loss}.",
        "{Subj} {ended} период с чистым убытком: {loss}, прежде — {prior_nom}.",
    ),
    quarterly=("{Nom}: {value}; к предыдущему кварталу {qsigned}, год к году {signed}.",),
    previous_quarter=("{Nom}: {value}, изменение за квартал — {qsigned}.",),
    corrected=("Опубликованное ранее значение {gen}, {stale}, отозвано; верное — {value}.",),
    cumulative=("{Nom}: {value} {over}, включая {qvalue} {q_inside}.",),
    other_standard=("Стандарт {other} даёт другую цифру: {nom} — {ovalue}.",),
    traps=(
        "План на {y1} год — {nom} {fvalue}.",
        "Брокеры ждали иного: {nom} {fvalue}.",
        "Прошлогоднее значение: {nom} — {prior}.",
        "Ожидаемый в {y1} году прирост {gen} — {fpct}.",
    ),
    noise=(
        "Аудитор выразил немодифицированное мнение.",
        "О компании: основана в {founded} году.",
        "",
    ),
    bullets=("> {Nom}: {value}; {signed} {cmp_short}", "+ {nom} ({value}, {signed} {cmp_short})"),
    posts=("🏦 {name} // {tag} // {standard}",),
    post_lines=("{short}: {value}, {signed} г/г",),
    tables=("Сводка. {unit}", "Выдержка из отчёта (цифры — {unit})"),
    separators=(" / ",),
    prior_first=False,
    forecast_columns=("План {y1}",),
    digests=("Кто отчитался:", "Сводка по эмитентам на {pubdate}"),
    digest_flow=(
        "{company} — {nom} {over} {value} ({signed} {cmp_short}).",
        "{Nom} у {company}: {value} {inside}, {signed} {cmp_short}.",
    ),
    brief=("{Nom} у {company} {inside} {grew} {wby}: {wvalue}.",),
)
