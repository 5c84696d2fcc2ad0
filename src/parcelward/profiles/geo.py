"""Distance on the ground."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance in km between two points in degrees (haversine).

    >>> round(distance_km(30.2741, 120.1551, 39.9042, 116.4074))  # Hangzhou to Beijing
    1123
    """
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    half = sin((phi_b - phi_a) / 2) ** 2 + cos(phi_a) * cos(phi_b) * sin(radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))
