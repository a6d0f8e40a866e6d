use super::*;
use proptest::prelude::*;

const AVERAGED: DoseRateMetric = DoseRateMetric::DoseAveraged;
const P98: DoseRateMetric = DoseRateMetric::Percentile { percent: 98.0 };

fn pbs(threshold_gy: f64) -> DoseRateMetric {
    DoseRateMetric::Pbs { threshold_gy }
}

fn above(threshold_gy: f64) -> DoseRateMetric {
    DoseRateMetric::DoseThreshold { threshold_gy }
}

fn spots(of: &[(f64, f64, f64)]) -> Vec<Contribution> {
    of.iter().map(|&(dose_gy, start_s, length_s)| Contribution { dose_gy, start_s, length_s }).collect()
}

fn is(got: Option<f64>, want: f64) {
    assert!(got.is_some_and(|g| (g / want - 1.0).abs() < 1e-12), "{got:?}, by hand {want}");
}

/// Spot 1: d₁ = 3 Gy from 0 to 0.1 s. A pause. Spot 2: d₂ = 5 Gy from 0.3 to 0.4 s. D = 8 Gy.
#[test]
fn two_spots_by_hand() {
    let two = spots(&[(3.0, 0.0, 0.1), (5.0, 0.3, 0.1)]);
    // (d₁²/Δt + d₂²/Δt) / D = (90 + 250) / 8.
    is(rate_of(&two, AVERAGED), 42.5);
    // 1 % of D = 0.08 Gy is reached at 0.1 · 0.08/3 s; 99 % = 7.92 Gy at 0.3 + 0.1 · (7.92 − 3)/5 = 0.3984 s.
    is(rate_of(&two, P98), 0.98 * 8.0 / (0.3984 - 0.1 * 0.08 / 3.0));
    // d† = 0.01 Gy: from 0.1 · 0.01/3 s to 0.3 + 0.1 · (7.99 − 3)/5 = 0.3998 s.
    is(rate_of(&two, pbs(0.01)), (8.0 - 0.02) / (0.3998 - 0.1 * 0.01 / 3.0));
    // d† = 3.5 Gy: the clock runs within spot 2 only, from 3.5 to 4.5 Gy, at its 50 Gy/s.
    is(rate_of(&two, pbs(3.5)), 50.0);
    // d† = 0: the whole dose over the whole time.
    is(rate_of(&two, pbs(0.0)), 8.0 / 0.4);
    // Both spots: 8 Gy in 0.2 s of beam; at least 4 Gy: the second alone.
    is(rate_of(&two, above(0.01)), 40.0);
    is(rate_of(&two, above(4.0)), 50.0);
    // d† = 3 Gy: reached at the end of spot 1; the pause counts.
    is(rate_of(&two, pbs(3.0)), 2.0 / (0.3 + 0.1 * 2.0 / 5.0 - 0.1));
}

/// One spot has one rate, by any name.
#[test]
fn one_spot_by_hand() {
    let one = spots(&[(2.0, 7.0, 0.04)]);
    for metric in [AVERAGED, P98, DoseRateMetric::Percentile { percent: 50.0 }, pbs(0.0), pbs(0.01), above(0.01)] {
        let got = rate_of(&one, metric).unwrap();
        assert!((got / 50.0 - 1.0).abs() < 1e-11, "{}: {got}", metric.label());
    }
}

/// A line of n equal spots: d = 0.1 Gy in 2 ms each, 0.5 ms between them.
#[test]
fn a_line_of_spots_in_constant_time() {
    let (n, d, on, off) = (40, 0.1, 2e-3, 0.5e-3);
    let line: Vec<(f64, f64, f64)> = (0..n).map(|i| (d, f64::from(i) * (on + off), on)).collect();
    let line = spots(&line);
    let close = |metric, want: f64| {
        let got = rate_of(&line, metric).unwrap();
        assert!((got / want - 1.0).abs() < 1e-9, "{got}, not {want}");
    };
    close(AVERAGED, d / on);
    close(above(0.05), d / on);
    let n = f64::from(n);
    close(pbs(0.0), n * d / (n * on + (n - 1.0) * off));
    // d† is a tenth of a spot at each end: 0.2 of a spot's time less.
    close(pbs(0.1 * d), (n - 0.2) * d / ((n - 0.2) * on + (n - 1.0) * off));
    // 1 % of 40 spots is 0.4 of one.
    close(P98, (n - 0.8) * d / ((n - 0.8) * on + (n - 1.0) * off));
}

#[test]
fn no_dose_no_rate() {
    for metric in DoseRateMetric::USUAL {
        assert_eq!(rate_of(&[], metric), None, "{}", metric.label());
    }
    let little = spots(&[(0.008, 0.0, 0.1), (0.008, 0.2, 0.1)]);
    assert_eq!(rate_of(&little, pbs(0.01)), None, "D is below 2 d†");
    assert_eq!(rate_of(&little, above(0.01)), None, "no spot reaches the threshold");
    assert!(rate_of(&little, AVERAGED).is_some());
}

#[test]
fn a_wrong_parameter_is_named() {
    for (metric, word) in [
        (pbs(-0.1), "pbs: -0.1"),
        (above(f64::NAN), "dose-threshold: NaN"),
        (DoseRateMetric::Percentile { percent: 0.0 }, "percentile: 0"),
    ] {
        let said = metric.check().unwrap_err().to_string();
        assert!(said.contains(word), "{said}");
    }
    assert_eq!("PBS".parse(), Ok(pbs(0.01)));
    assert!("dadr".parse::<DoseRateMetric>().unwrap_err().contains("dose-averaged, percentile, pbs"));
}

/// Dose, length and the pause before, in Gy and s.
fn any_spots() -> impl Strategy<Value = Vec<(f64, f64, f64)>> {
    prop::collection::vec((0.001..2.0f64, 1e-4..0.05f64, 0.0..0.02f64), 1..30)
}

/// Pauses `stretch` times as long.
fn laid_out(of: &[(f64, f64, f64)], stretch: f64) -> Vec<Contribution> {
    let mut t = 0.0;
    of.iter()
        .map(|&(dose_gy, length_s, pause)| {
            t += pause * stretch;
            let c = Contribution { dose_gy, start_s: t, length_s };
            t += length_s;
            c
        })
        .collect()
}

proptest! {
    /// Longer pauses never raise a rate that counts them and never touch one that does not. Beam-on rates order by
    /// Cauchy and Schwarz: Σd²/Δt · ΣΔt ≥ (Σd)².
    #[test]
    fn pauses_slow_what_counts_them(of in any_spots(), stretch in 1.0..20.0f64) {
        let (short, long) = (laid_out(&of, 1.0), laid_out(&of, stretch));
        for metric in [P98, pbs(0.0), pbs(1e-4)] {
            let (a, b) = (rate_of(&short, metric).unwrap(), rate_of(&long, metric).unwrap());
            prop_assert!(b <= a * (1.0 + 1e-9), "{}: {a} to {b}", metric.label());
        }
        for metric in [AVERAGED, above(0.0)] {
            prop_assert_eq!(rate_of(&short, metric), rate_of(&long, metric));
        }
        let [averaged, on, whole] = [AVERAGED, above(0.0), pbs(0.0)].map(|m| rate_of(&short, m).unwrap());
        prop_assert!(averaged >= on * (1.0 - 1e-12) && on >= whole * (1.0 - 1e-9), "{averaged} {on} {whole}");
    }

    /// The same dose in half of the time is twice the rate; twice the dose in the same time is, too.
    #[test]
    fn rates_scale_with_dose_and_time(of in any_spots()) {
        let once = laid_out(&of, 1.0);
        let faster: Vec<_> = once.iter()
            .map(|c| Contribution { start_s: 0.5 * c.start_s, length_s: 0.5 * c.length_s, ..*c }).collect();
        let more: Vec<_> = once.iter().map(|c| Contribution { dose_gy: 2.0 * c.dose_gy, ..*c }).collect();
        for (metric, doubled) in [(AVERAGED, AVERAGED), (P98, P98), (pbs(1e-4), pbs(2e-4)), (above(0.01), above(0.02))] {
            let Some(a) = rate_of(&once, metric) else { continue };
            for b in [rate_of(&faster, metric), rate_of(&more, doubled)] {
                prop_assert!((b.unwrap() / (2.0 * a) - 1.0).abs() < 1e-9, "{}", metric.label());
            }
        }
    }
}
