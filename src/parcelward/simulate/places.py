"""Cities in which simulated outlets lie: own rounded coordinates, real county codes, distances."""

import math
from typing import NamedTuple


class City(NamedTuple):
    """A city: short code, telephone area, two county codes (GB/T 2260), degrees north and east (WGS 84)."""

    code: str
    area: str
    counties: tuple[str, str]
    latitude: float
    longitude: float


CITIES: tuple[City, ...] = (
    City("BJ", "010", ("110105", "110108"), 39.9, 116.4),
    City("SH", "021", ("310104", "310115"), 31.2, 121.5),
    City("GZ", "020", ("440104", "440106"), 23.1, 113.3),
    City("SZ", "0755", ("440304", "440306"), 22.5, 114.1),
    City("HZ", "0571", ("330106", "330110"), 30.3, 120.2),
    City("JH", "0579", ("330702", "330782"), 29.1, 119.6),
    City("NB", "0574", ("330203", "330212"), 29.9, 121.6),
    City("NJ", "025", ("320102", "320115"), 32.1, 118.8),
    City("SU", "0512", ("320505", "320506"), 31.3, 120.6),
    City("WX", "0510", ("320205", "320211"), 31.6, 120.3),
    City("HF", "0551", ("340102", "340104"), 31.8, 117.2),
    City("WH", "027", ("420102", "420111"), 30.6, 114.3),
    City("CS", "0731", ("430102", "430104"), 28.2, 112.9),
    City("NC", "0791", ("360102", "360111"), 28.7, 115.9),
    City("FZ", "0591", ("350102", "350104"), 26.1, 119.3),
    City("XM", "0592", ("350203", "350206"), 24.5, 118.1),
    City("QZ", "0595", ("350503", "350583"), 24.9, 118.6),
    City("DG", "0769", ("441900", "441900"), 23.0, 113.7),
    City("FS", "0757", ("440604", "440606"), 23.0, 113.1),
    City("NN", "0771", ("450102", "450103"), 22.8, 108.4),
    City("HK", "0898", ("460105", "460106"), 20.0, 110.3),
    City("CD", "028", ("510104", "510107"), 30.7, 104.1),
    City("CQ", "023", ("500103", "500112"), 29.6, 106.5),
    City("GY", "0851", ("520102", "520103"), 26.6, 106.7),
    City("KM", "0871", ("530102", "530103"), 25.0, 102.7),
    City("XA", "029", ("610103", "610113"), 34.3, 108.9),
    City("LZ", "0931", ("620102", "620103"), 36.1, 103.8),
    City("XN", "0971", ("630102", "630103"), 36.6, 101.8),
    City("YC", "0951", ("640104", "640106"), 38.5, 106.2),
    City("UR", "0991", ("650102", "650103"), 43.8, 87.6),
    City("TY", "0351", ("140105", "140106"), 37.9, 112.5),
    City("SJ", "0311", ("130102", "130104"), 38.0, 114.5),
    City("TJ", "022", ("120101", "120103"), 39.1, 117.2),
    City("JN", "0531", ("370102", "370103"), 36.7, 117.0),
    City("QD", "0532", ("370202", "370212"), 36.1, 120.4),
    City("ZZ", "0371", ("410102", "410105"), 34.8, 113.6),
    City("SY", "024", ("210102", "210106"), 41.8, 123.4),
    City("DL", "0411", ("210202", "210211"), 38.9, 121.6),
    City("CC", "0431", ("220102", "220104"), 43.9, 125.3),
    City("HE", "0451", ("230102", "230103"), 45.8, 126.5),
    City("HH", "0471", ("150102", "150105"), 40.8, 111.7),
)
# Weights of the cities as destinations: the first of the table draw most of the country's parcels.
ROUTE_WEIGHTS: tuple[float, ...] = tuple(1.0 / (position + 3) for position in range(len(CITIES)))


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) points in kilometres."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 12742.0 * math.asin(math.sqrt(half))
