"""Wording of the test documents."""

from tasks.extraction.wording import Wording

WORDING = Wording(
    prompts=(
        "Сотрудник казначейства переслал вам сообщение о контрагенте. Занесите раскрытые в нём цифры в реестр.\n\n{text}",
        "Вот публикация эмитента:\n\n{text}\n\nКакие фактические результаты в ней названы? Приведите полный перечень.",
        "Превратите публикацию в набор записей о достигнутых результатах.\n\nПубликация:\n{text}",
        "Для сравнительной таблицы по отрасли не хватает данных этой компании. Возьмите их отсюда:\n\n{text}",
        "Отдел рисков собирает базу отчётности. Очередной документ:\n{text}\n\nСделайте записи для базы.",
        "Просмотрите материал и зафиксируйте каждую отчётную цифру с её контекстом.\n\nМатериал: {text}",
        "{text}\n\nОформите раскрытые в материале результаты записями, ничего не досчитывая.",
        "Ваш коллега не успел внести данные из этой публикации. Внесите за него.\n\n<<<\n{text}\n>>>",
        "Нужна точная выписка результатов (без ожиданий, оценок и прошлогодних цифр).\n\n{text}",
        "Перед вами заметка финансового агентства. Оставьте от неё одни факты отчётности.\n\n{text}",
        "Проверяющий сверит вашу выписку с первоисточником. Первоисточник:\n\n{text}",
        "Соберите воедино результаты, о которых сообщается ниже.\n\n{text}",
    ),
    company_prompts=(
        "В заметке речь о нескольких эмитентах. В реестр попадает один: {company}.\n\n{text}",
        "{text}\n\nСделайте записи о результатах {company}, прочих эмитентов не касайтесь.",
    ),
    standard_prompts=(
        "В базу идут исключительно данные по {standard}.\n\n{text}",
        "{text}\n\nОставьте в выписке результаты по {standard}, прочие стандарты отбросьте.",
    ),
    leads=(
        "Эмитент {company} представил рынку цифры {over} ({standard}).",
        "{company} завершило сверку отчётности {over}. Применяемый стандарт — {standard}.",
        "Агентство «Деловой курьер», {pubdate}. {Results} {company} представило отчёт по {standard}.",
        "Пресс-служба {company} распространила цифры по {standard} {over}.",
        "СООБЩЕНИЕ О СУЩЕСТВЕННОМ ФАКТЕ\nЭмитент: {company}. Содержание: отчётность по {standard} {over}.",
        "Уважаемые акционеры! Представляем результаты, которых {company} достигло {inside} ({standard}).",
        "{company} / {standard} / {tag}. Главное из отчёта — в нашем пересказе.",
        "— Как {company} сработало {inside}?\n— Опираюсь на отчётность по {standard}.",
        "Держатели облигаций {company} получили отчётность по {standard} {over}.",
        "Разбираем отчёт {company} {over}, составленный по {standard}.",
    ),
    flow=(
        "{When} {subj} {showed} {acc} на уровне {value} — {by} {higher} прошлогоднего значения.",
        "{Rise} {gen} — {bare} {cmp}, абсолютная величина {when} — {value}.",
        "{Nom} {climbed} до {value} (динамика {cmp}: {signed}).",
        "{Acc} {when} {subj} {reflected} на уровне {value}; {cmp} это {rise} {by}.",
        "{Nom}, по данным отчёта, — {value} ({signed} {cmp}).",
        "Что касается {gen}: {value} {over}, {rise} {by} {cmp}.",
        "{By} {grew} {cmp} {nom}, итоговая цифра — {value}.",
        "{Nom} — {value} против {prior} годом ранее ({signed}).",
        "С {prior} до {value}, или {by}, {grew} {nom} {when} {cmp}.",
        "Отдельно отметим {acc}: {signed} {cmp}, итог — {value}.",
    ),
    stock=(
        "{On} значение {gen} составило {value}; {scmp} — {rise} {by}.",
        "{By} {scmp} {grew} {nom}: {value} {on}.",
        "Отдельная строка отчёта: {nom} {on} — {value}, {signed} {scmp}.",
        "{On} в отчётности отражено: {nom} — {value} ({signed} {scmp_short}).",
        "К отчётной дате, то есть {on}, {nom} {climbed} до {value} ({signed} {scmp_short}).",
    ),
    flow_plain=(
        "{When} {subj} {reflected} {acc} на уровне {value}.",
        "{Nom} {when} {fixed} на уровне {value}.",
        "Итоговая цифра {over}: {nom} — {value}.",
    ),
    stock_plain=(
        "{Nom} {on} {fixed} на уровне {value}.",
        "По данным {on}, {nom} — {value}.",
    ),
    against=(
        "{Nom} — {value}; сопоставимая цифра {prior_over} — {prior}.",
        "{Nom} {when} {changed} с {prior} до {value}.",
        "Было {prior}, стало {value}: так за год {changed} {nom} {when}.",
    ),
    losses=(
        "{When} {subj} {ended} работу с чистым убытком {loss} (годом ранее — {prior_nom}).",
        "Период оказался убыточным: {loss} чистого убытка {over} после {prior_gen} в прошлом году.",
    ),
    quarterly=(
        "{Nom} — {value}. К прошлому кварталу это {qsigned}, к тому же кварталу прошлого года {signed}.",
        "{Nom} {when} — {value} ({signed} г/г; {qsigned} к/к).",
        "Квартал к кварталу {nom}: {qsigned}, год к году: {signed}, итого {value}.",
    ),
    previous_quarter=(
        "К прошлому кварталу {nom} {qgrew} {qby}, итоговая цифра — {value}.",
        "{Nom} — {value}, от квартала к кварталу {qsigned}.",
    ),
    corrected=(
        "Исправление: {nom} {when} — {value}; в первой версии релиза ошибочно стояло {stale}.",
        "По итогам аудита {acc} скорректировали: вместо {stale} в отчёте теперь {value}.",
    ),
    cumulative=(
        "Только {q_inside} {nom} {made} {qvalue}, нарастающим итогом {over} — {value}.",
        "{Nom} нарастающим итогом {over} — {value}; из этой суммы {qvalue} учтено {q_inside}.",
    ),
    other_standard=(
        "Не путать с {other}: там {nom} {over} — {ovalue}.",
        "Параллельно раскрыта отчётность по {other}: {nom} {fixed} на уровне {ovalue}.",
    ),
    traps=(
        "На {y1} год {subj} подтверждает ориентир: {nom} — {fvalue}.",
        "Рынок закладывал в оценки {acc} на уровне {fvalue}.",
        "К {y3} году намечено довести {acc} до {fvalue}.",
        "Ретроспективно изменены цифры {prior_over}: {nom} теперь {prior}, прежде — {stale}.",
        "Для сравнения: {prior_over} {nom} {made} {prior}.",
        "Отраслевая ассоциация оценивает рост рынка в {y1} году в {market}.",
        "Руководство не исключает, что {y1} год принесёт другую цифру: {nom} — {fvalue}.",
        "Рейтинговое агентство в базовом сценарии на {y1} год видит {acc} около {fvalue}.",
    ),
    noise=(
        "Аудиторское заключение — без оговорок.",
        "{company} основано в {founded} году, его продукцией и услугами пользуются в {regions} регионах.",
        "«Мы видим запас прочности», — прокомментировал руководитель блока финансов.",
        "Контакты для СМИ: доб. {phone}.",
        "Звонок с инвесторами назначен на 16:00 мск.",
        "",
        "",
    ),
    bullets=(
        "* {Nom} {value}, {rise} {by} {cmp_short}",
        "{n}) {nom} = {value}; изм. {signed} {cmp_short}",
        "→ {value} — {nom} ({signed} {cmp_short})",
    ),
    posts=(
        "#{name} | {tag} | {standard}",
        "Друзья, вышел отчёт {name} ({standard}), {tag} 👇",
        "{name} отчитался. {tag}, {standard}. Тезисно:",
    ),
    post_lines=(
        "{short}: {value} / {signed} г/г",
        "✔️ {value} {short} ({signed} г/г)",
    ),
    tables=(
        "Приложение к релизу. Все суммы — {unit}",
        "Выписка из отчётности; размерность: {unit}",
        "Цифры из презентации для инвесторов ({unit})",
    ),
    separators=("\t", "   ", " ¦ "),
    prior_first=True,
    forecast_columns=("{y1} (ожид.)", "Бюджет {y1}"),
    digests=(
        "Главное из отчётов, вышедших {pubdate}:",
        "Эмитенты отчитались — выбираем существенное.",
        "Лента агентства «Деловой курьер», рубрика «Отчётность».",
    ),
    digest_flow=(
        "{company} {inside} {raised_n} {acc} {by}, до {value} ({cmp_short}).",
        "{Nom} {company} {inside} {climbed} до {value}; {cmp} {signed}.",
        "Отчёт {company} {over}: {nom} — {value}, {signed} {cmp_short}.",
        "{By} {grew} {inside} {nom} {company} ({cmp_short}), цифра в отчёте — {value}.",
    ),
    brief=(
        "{Inside} {company} показало {acc}: {wvalue}, то есть {wby} {higher}, чем год назад.",
        "{Nom} {company} {over}, как сказано в релизе, — {wvalue} ({rise} {wby} {cmp}).",
    ),
)
