//! The same dose at two steady rates on one clock.

/// A beam that gives its dose at one rate and then stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SteadyBeam {
    /// Dose in all, Gy, above 0.
    pub dose_gy: f64,
    /// Gy/s, above 0.
    pub rate_gy_per_s: f64,
}

impl SteadyBeam {
    /// 8 Gy at 4 Gy per minute: a usual treatment.
    pub const CONVENTIONAL: Self = Self { dose_gy: 8.0, rate_gy_per_s: 4.0 / 60.0 };
    /// 8 Gy at 100 Gy per second: FLASH.
    pub const FLASH: Self = Self { dose_gy: 8.0, rate_gy_per_s: 100.0 };

    /// How long it takes, s.
    pub fn length_s(&self) -> f64 {
        self.dose_gy / self.rate_gy_per_s
    }

    /// Gy given `time_s` after the beam came on; 0 before, the whole dose after the end.
    pub fn accumulated_gy(&self, time_s: f64) -> f64 {
        (self.rate_gy_per_s * time_s).clamp(0.0, self.dose_gy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_dose_in_two_minutes_and_in_eighty_milliseconds() {
        let (slow, fast) = (SteadyBeam::CONVENTIONAL, SteadyBeam::FLASH);
        assert!((slow.length_s() - 120.0).abs() < 1e-9 && (fast.length_s() - 0.08).abs() < 1e-12);
        assert_eq!(fast.accumulated_gy(0.04), 4.0);
        // When FLASH is over, the usual beam has given 5.3 mGy, one part in 1500.
        assert!((slow.accumulated_gy(0.08) - 8.0 / 1500.0).abs() < 1e-12);
        assert_eq!((slow.accumulated_gy(-1.0), slow.accumulated_gy(1e9), fast.accumulated_gy(1e9)), (0.0, 8.0, 8.0));
    }
}
