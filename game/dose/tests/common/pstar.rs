//! What the ranges are held to, apart from the engine's own tables.

/// Energy in MeV and CSDA range in liquid water in g/cm², NIST PSTAR, typed from the table.
pub const PSTAR: [(f64, f64); 17] = [
    (70.0, 4.080),
    (80.0, 5.184),
    (90.0, 6.398),
    (100.0, 7.718),
    (110.0, 9.142),
    (120.0, 10.664),
    (130.0, 12.278),
    (140.0, 13.980),
    (150.0, 15.770),
    (160.0, 17.647),
    (170.0, 19.609),
    (180.0, 21.651),
    (190.0, 23.769),
    (200.0, 25.960),
    (210.0, 28.221),
    (220.0, 30.550),
    (230.0, 32.950),
];
