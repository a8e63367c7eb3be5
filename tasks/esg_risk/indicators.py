"""What is measured in each pillar, the industries' plausible levels, and the events that weigh by themselves."""

from dataclasses import dataclass

from tasks.esg_risk.rubric import HIGH, LOW, MEDIUM


@dataclass(frozen=True)
class Indicator:
    """A quantitative indicator that has an industry level."""

    key: str
    pillar: str
    higher_is_better: bool = False
    unit: str = ""
    """As printed after the number; empty where the indicator's name carries it, or the industry sets it."""
    decimals: int = 0
    industry_range: tuple[float, float] = (0, 0)
    """Plausible industry levels; (0, 0) where the industry table sets them."""
    worst: str = HIGH
    """The worst level that such an indicator takes in practice."""


INDICATORS = (
    Indicator("co2", "environment"),
    Indicator("air", "environment"),
    Indicator("water", "environment"),
    Indicator("waste", "environment", higher_is_better=True, unit="%", industry_range=(40, 70)),
    Indicator("ltifr", "social", decimals=2, industry_range=(0.5, 2.0)),
    Indicator("turnover", "social", unit="%", decimals=1, industry_range=(12, 28)),
    Indicator("claims", "social", decimals=2, industry_range=(0.8, 3.0)),
    Indicator("pay", "social", higher_is_better=True, unit="тыс. руб.", decimals=1, worst=MEDIUM),
    Indicator("independent", "governance", higher_is_better=True, unit="%", industry_range=(32, 44)),
    Indicator("related", "governance", unit="%", decimals=1, industry_range=(6, 15)),
    Indicator("disclosure", "governance", higher_is_better=True, unit="%", industry_range=(52, 76)),
    Indicator("attendance", "governance", higher_is_better=True, unit="%", industry_range=(91, 96), worst=MEDIUM),
)


@dataclass(frozen=True)
class Event:
    """Something that happened, or expressly did not; its level needs no industry figure."""

    key: str
    pillar: str
    level: str
    amount: tuple[float, float] = (0, 0)
    """Range of the number that its texts quote as {x}; (0, 0) if they quote none."""
    decimals: int = 0


EVENTS = (
    Event("spill", "environment", HIGH, (12, 95), 1),
    Event("suspension", "environment", HIGH, (20, 85)),
    Event("fine_env", "environment", MEDIUM, (100, 240)),
    Event("exceedance", "environment", MEDIUM, (1.3, 1.9), 1),
    Event("env_clean", "environment", LOW),
    Event("fatality", "social", HIGH),
    Event("contractor_fatality", "social", HIGH),
    Event("strike", "social", HIGH, (3, 9)),
    Event("arrears", "social", HIGH, (5, 60), 1),
    Event("pay_delay", "social", MEDIUM, (4, 12)),
    Event("labour_inspection", "social", MEDIUM, (30, 50)),
    Event("social_clean", "social", LOW),
    Event("criminal_case", "governance", HIGH, (15, 240)),
    Event("audit_disclaimer", "governance", HIGH),
    Event("sanctions", "governance", HIGH),
    Event("owner_loans", "governance", HIGH, (180, 950)),
    Event("audit_qualified", "governance", MEDIUM),
    Event("late_disclosure", "governance", MEDIUM, (500, 700)),
    Event("sanctioned_partner", "governance", MEDIUM, (3, 18), 1),
    Event("gov_clean", "governance", LOW),
)


@dataclass(frozen=True)
class IndustryProfile:
    """An industry's plausible magnitudes: for comparable companies on average, as rounded orders, not statistics."""

    name: str
    """Russian, nominative."""
    intensities: dict[str, tuple[str, float, float, int]]
    """`co2`, `air`, `water` -> unit as printed, range of the industry level, decimals printed."""
    output: tuple[str, float, float]
    """Unit of annual output and output per employee in that unit; (unit, 0, 0) where output is revenue."""
    factor: int
    """(тыс. т CO₂-экв. / output) × factor = CO₂ intensity in its printed unit."""
    revenue: tuple[float, float]
    """млн руб. per employee."""
    staff: tuple[int, int]
    pay: tuple[int, int]
    """тыс. руб. a month."""


INDUSTRIES = {
    "metallurgy": IndustryProfile(
        "чёрная металлургия",
        {
            "co2": ("т CO₂-экв./т стали", 1.4, 2.3, 2),
            "air": ("кг/т стали", 5, 18, 1),
            "water": ("м³/т стали", 4, 12, 1),
        },
        ("тыс. т стали", 0.12, 0.30), 1, (8, 15), (4000, 18000), (80, 115)),
    "chemistry": IndustryProfile(
        "химическая промышленность",
        {
            "co2": ("т CO₂-экв./т продукции", 0.5, 1.6, 2),
            "air": ("кг/т продукции", 1.5, 6, 2),
            "water": ("м³/т продукции", 6, 20, 1),
        },
        ("тыс. т продукции", 0.25, 0.6), 1, (10, 20), (1500, 8000), (80, 115)),
    "timber": IndustryProfile(
        "лесная и бумажная промышленность",
        {
            "co2": ("т CO₂-экв./т продукции", 0.4, 0.9, 2),
            "air": ("кг/т продукции", 2, 8, 1),
            "water": ("м³/т продукции", 20, 50, 1),
        },
        ("тыс. т продукции", 0.08, 0.2), 1, (6, 10), (900, 4500), (65, 95)),
    "mining": IndustryProfile(
        "добыча полезных ископаемых",
        {
            "co2": ("кг CO₂-экв./т добычи", 12, 45, 1),
            "air": ("кг/т добычи", 0.4, 2, 2),
            "water": ("м³/т добычи", 0.4, 1.8, 2),
        },
        ("млн т добычи", 0.001, 0.004), 1, (6, 14), (1200, 9000), (90, 130)),
    "food": IndustryProfile(
        "пищевая промышленность",
        {
            "co2": ("кг CO₂-экв./т продукции", 90, 350, 0),
            "air": ("кг/т продукции", 0.4, 1.5, 2),
            "water": ("м³/т продукции", 3, 12, 1),
        },
        ("тыс. т продукции", 0.06, 0.15), 1000, (5, 10), (500, 3500), (55, 80)),
    "agriculture": IndustryProfile(
        "сельское хозяйство",
        {
            "co2": ("кг CO₂-экв./т продукции", 250, 800, 0),
            "air": ("кг/т продукции", 1, 4, 2),
            "water": ("м³/т продукции", 8, 40, 1),
        },
        ("тыс. т продукции", 0.06, 0.2), 1000, (4, 8), (600, 5000), (55, 78)),
    "manufacturing": IndustryProfile(
        "машиностроение",
        {
            "co2": ("т CO₂-экв./млн руб. выручки", 1.2, 4.5, 2),
            "air": ("кг/млн руб. выручки", 0.5, 2.5, 2),
            "water": ("м³/млн руб. выручки", 6, 25, 1),
        },
        ("млрд руб. выручки", 0, 0), 1, (4, 8), (800, 7000), (75, 110)),
    "pharma": IndustryProfile(
        "фармацевтическая промышленность",
        {
            "co2": ("т CO₂-экв./млн руб. выручки", 0.7, 2.4, 2),
            "air": ("кг/млн руб. выручки", 0.3, 1.4, 2),
            "water": ("м³/млн руб. выручки", 3, 14, 1),
        },
        ("млрд руб. выручки", 0, 0), 1, (6, 14), (500, 4000), (85, 125)),
    "transport": IndustryProfile(
        "грузовые перевозки",
        {
            "co2": ("г CO₂-экв./т·км", 18, 70, 1),
            "air": ("г/т·км", 0.2, 0.8, 2),
            "water": ("м³/млн т·км", 5, 30, 1),
        },
        ("млрд т·км", 0.002, 0.008), 1, (5, 9), (900, 9000), (70, 110)),
}  # fmt: skip
"""Keys are those of `tasks.authoring.companies`."""
