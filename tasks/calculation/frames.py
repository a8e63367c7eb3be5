"""Wording that all formula families share, one disjoint set a split: how a problem is put, rounded and solved."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Frames:
    """The shared wordings of one split."""

    asking: tuple[str, ...]
    """Around facts that do not ask: `{facts}`, `{what}` (nominative) or `{asked}` (accusative), `{rounding}`."""
    plain: tuple[str, ...]
    """Around facts that end with their own question."""
    listing: tuple[str, ...]
    """Around the inputs as a list."""
    bullet: str
    """One line of that list: `{label}`, `{figure}`."""
    rounding: tuple[str, ...]
    """How to round an answer with a unit: `{into}` («в процентах»), `{places}` («до сотых»)."""
    rounding_bare: tuple[str, ...]
    """How to round a ratio: `{places}`."""
    last_year: str
    """A distracting figure of last year: `{label}`, `{figure}`."""
    conversion: tuple[str, ...]
    """First line of a solution that brings units together: `{given}`, `{converted}`."""
    solution: tuple[str, ...]
    """One line of a solution: `{n}`, `{name}`, `{Name}`, `{words}`, `{figures}`, `{sign}`, `{value}`."""


FRAMES: Mapping[str, Frames] = {
    "train": Frames(
        asking=(
            "{facts} Найдите {asked}. {rounding}",
            "{facts} Рассчитайте {asked}. {rounding}",
            "{facts} Определите {asked}. {rounding}",
            "{facts} Вычислите {asked}. {rounding}",
            "{facts} Требуется найти {asked}. {rounding}",
            "{facts} Нужно посчитать {asked}. {rounding}",
            "Рассчитайте {asked}. {facts} {rounding}",
            "Найдите {asked} по следующим данным. {facts} {rounding}",
            "Задача. {facts} Найти: {what}. {rounding}",
            "Условие: {facts}\nВопрос: {what}?\n{rounding}",
            "{facts}\nНайти: {what}.\n{rounding}",
            "{rounding} {facts} Рассчитайте {asked}.",
            "Вы — финансовый аналитик. {facts} Определите {asked}. {rounding}",
            "Вы готовите справку для руководителя. {facts} Вычислите {asked}. {rounding}",
            "Добрый день! {facts} Помогите, пожалуйста, рассчитать {asked}. {rounding}",
            "Коллега спрашивает: {facts} Как найти {asked}? {rounding}",
            "Экзаменационный вопрос. {facts} Вычислите {asked}. {rounding}",
            "Исходные данные: {facts} Задание: рассчитать {asked}. {rounding}",
            "{facts} По этим данным рассчитайте {asked}. {rounding}",
            "{facts} Какое значение имеет показатель «{what}»? {rounding}",
            "Кейс на собеседовании. {facts} Найдите {asked}. {rounding}",
            "Проверочная работа. {facts} Чтобы сделать вывод, определите {asked}. {rounding}",
            "{facts} Подготовьте расчёт: {what}. {rounding}",
            "Для презентации нужно одно число: {what}. {facts} {rounding}",
        ),
        plain=(
            "{facts} {rounding}",
            "Задача. {facts} {rounding}",
            "Условие: {facts}\n{rounding}",
            "{rounding} {facts}",
            "Вы — финансовый аналитик. {facts} {rounding}",
            "Добрый день! {facts} {rounding}",
            "Экзаменационный вопрос. {facts} {rounding}",
            "Кейс на собеседовании. {facts} {rounding}",
        ),
        listing=(
            "Дано:\n{rows}\nНайти: {what}.\n{note} {rounding}",
            "Исходные данные:\n{rows}\nРассчитайте {asked}. {note} {rounding}",
            "Рассчитайте {asked} по данным:\n{rows}\n{note} {rounding}",
            "Показатели:\n{rows}\nЗадание: найдите {asked}. {note} {rounding}",
            "Вводные для модели:\n{rows}\nНужно определить {asked}. {note} {rounding}",
            "Определите {asked}. {note}\n{rows}\n{rounding}",
        ),
        bullet="— {label}: {figure}",
        rounding=(
            "Ответ дайте {into}, округлив {places}.",
            "Ответ округлите {places}, {into}.",
            "Результат выразите {into} и округлите {places}.",
            "Округлите {places}; ответ — {into}.",
            "Ответ нужен {into} с округлением {places}.",
            "Запишите ответ {into}, округлив его {places}.",
            "Итог укажите {into}, округлите {places}.",
        ),
        rounding_bare=(
            "Ответ округлите {places}.",
            "Результат округлите {places}.",
            "Округлите {places}.",
            "Ответ запишите с округлением {places}.",
            "Итоговое значение округлите {places}.",
        ),
        last_year="Годом ранее: {label} — {figure}.",
        conversion=("Переведём единицы: {given} = {converted}.", "{given} = {converted}."),
        solution=(
            "{Name} = {words} = {figures} {sign} {value}.",
            "{Name}: {figures} {sign} {value}.",
            "Формула: {name} = {words}. Расчёт: {figures} {sign} {value}.",
            "Находим: {name} = {figures} {sign} {value}.",
        ),
    ),
    "validation": Frames(
        asking=(
            "{facts} Чему равен показатель: {what}? {rounding}",
            "Оцените {asked}: {facts} {rounding}",
            "Практическое задание. {facts} Получите {asked}. {rounding}",
            "{facts} Выполните расчёт и приведите {asked}. {rounding}",
            "Для заключения понадобится {what}. {facts} {rounding}",
        ),
        plain=("Практическое задание. {facts} {rounding}", "Вопрос от клиента: {facts} {rounding}"),
        listing=(
            "Сведения:\n{rows}\nПолучите {asked}. {note} {rounding}",
            "Практическое задание: {what}. {note}\n{rows}\n{rounding}",
        ),
        bullet="• {label} = {figure}",
        rounding=(
            "Итоговое число приведите {into}, с округлением {places}.",
            "Значение представьте {into}, округление — {places}.",
        ),
        rounding_bare=("Значение приведите с округлением {places}.", "Округление — {places}."),
        last_year="Значение прошлого года для сравнения: {label} — {figure}.",
        conversion=("Приведём к одной единице: {given} = {converted}.",),
        solution=(
            "Показатель «{name}» — это {words}: {figures} {sign} {value}.",
            "Шаг {n}. {Name}: {figures} {sign} {value}.",
        ),
    ),
    "test": Frames(
        asking=(
            "{facts} Установите {asked}. {rounding}",
            "{facts} Сколько составляет {what}? {rounding}",
            "{facts} Выведите из этих цифр {asked}. {rounding}",
            "Интересует {what}. {facts} {rounding}",
            "Заявка от кредитного комитета: посчитать {asked}. {facts} {rounding}",
            "Помощник, посчитай {asked}. {facts} {rounding}",
            "{facts} {rounding} Ищем {asked}.",
            "Тест для стажёра. {facts} Укажите {asked}. {rounding}",
            "Срочно нужно в отчёт: {what}. Что известно: {facts} {rounding}",
            "{facts}\n\nЧто посчитать: {what}.\n{rounding}",
            "Клиент пишет: {facts} Подскажите {asked}. {rounding}",
            "В модели не хватает ячейки «{what}». {facts} {rounding}",
        ),
        plain=(
            "Тест для стажёра. {facts} {rounding}",
            "Клиент пишет: {facts} {rounding}",
            "Помощник, ответь на вопрос. {facts} {rounding}",
            "{facts}\n\n{rounding}",
            "Вопрос с форума бухгалтеров и финансистов: {facts} {rounding}",
        ),
        listing=(
            "Таблица из приложения к договору или отчёту:\n{rows}\n\nЧто посчитать: {what}. {note} {rounding}",
            "Интересует {what}. {note} Цифры такие:\n{rows}\n{rounding}",
            "{rows}\n\nУстановите по этим строкам {asked}. {note} {rounding}",
            "Нужно заполнить ячейку «{what}». {note}\n{rows}\n{rounding}",
        ),
        bullet="{label} | {figure}",
        rounding=(
            "Число нужно {into}, точность — округление {places}.",
            "В ответе одно число {into}, округлённое {places}.",
            "Считайте {into}, в конце округлите {places}.",
            "Единица ответа: {into}; округление: {places}.",
        ),
        rounding_bare=(
            "В ответе одно число, округлённое {places}.",
            "Точность ответа — округление {places}.",
            "В конце округлите {places}.",
        ),
        last_year="Справочно, предыдущий год: {label} — {figure}.",
        conversion=("Единицы к одному виду: {given} — это {converted}.",),
        solution=(
            "По определению {name} = {words}; подставляем: {figures} {sign} {value}.",
            "{n}) {name}: {figures} {sign} {value}.",
            "{Name} — это {words}, то есть {figures} {sign} {value}.",
        ),
    ),
}

UNITS: Mapping[str, str] = {
    "%": "в процентах",
    "руб.": "в рублях",
    "тыс. руб.": "в тыс. руб.",
    "млн руб.": "в млн руб.",
    "млрд руб.": "в млрд руб.",
    "дней": "в днях",
    "лет": "в годах",
    "шт.": "в штуках",
    "юаней": "в юанях",
}
"""How an instruction names the unit of the answer."""

_PLACES = {0: "до целых", 1: "до десятых", 2: "до сотых", 3: "до тысячных", 4: "до четырёх знаков после запятой"}
_ROUBLES = {0: "до рубля", 2: "до копеек"}


def places(decimals: int, unit: str) -> str:
    """«до сотых»; for roubles «до копеек»."""
    return _ROUBLES.get(decimals, _PLACES[decimals]) if unit == "руб." else _PLACES[decimals]
