//! Machines from other programs' tables: MCsquare's beam data library (text) and plain CSV. What such a table does not say
//! comes from the default machine and is said in a note.

use crate::machine::{EnergyEntry, MachineError, MachineModel, SecondGaussian, ShifterEntry, ShifterMaterial};

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A section or a column is missing.
    #[error("{what} is missing; docs/machine.md shows the form")]
    Missing {
        /// What.
        what: String,
    },
    /// Something that is not a number.
    #[error("line {line}, {what}: '{found}' is not a number")]
    NotANumber {
        /// From 1.
        line: usize,
        /// Column or section.
        what: String,
        /// What stands there.
        found: String,
    },
    /// Read, but not usable.
    #[error(transparent)]
    Machine(#[from] MachineError),
}

/// Reads either form: a text with a `Beam parameters` section is a beam data library, anything else CSV. `name` stands beside
/// every dose. Gives the machine, checked, and what was assumed.
pub fn read(text: &str, name: &str) -> Result<(MachineModel, Vec<String>), ImportError> {
    let library = text.lines().any(|l| l.trim() == "Beam parameters");
    let (mut machine, mut notes) = if library { from_library(text)? } else { from_csv(text)? };
    machine.name = name.to_owned();
    machine.licence = String::new();
    machine.energies.sort_by(|a, b| a.nominal_mev.total_cmp(&b.nominal_mev));
    notes.push("delivery times and limits are the default machine's".to_owned());
    // The file's own rules hold for what is imported too.
    machine.check()?;
    Ok((machine, notes))
}

fn number(line: usize, what: &str, found: &str) -> Result<f64, ImportError> {
    found.trim().parse().map_err(|_| ImportError::NotANumber {
        line,
        what: what.to_owned(),
        found: found.trim().to_owned(),
    })
}

/// Rows of numbers under a line of names, by name.
struct Table {
    names: Vec<String>,
    rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    fn value(&self, row: usize, name: &str) -> Result<f64, ImportError> {
        let column = self.names.iter().position(|n| n == name);
        let missing = || ImportError::Missing { what: format!("column {name}") };
        let (line, cells) = &self.rows[row];
        let cell = cells
            .get(column.ok_or_else(missing)?)
            .ok_or_else(|| ImportError::Missing { what: format!("line {line}: the value of {name}") })?;
        number(*line, name, cell)
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }
}

/// MCsquare's text: sections by name, the value on the next line; energy spread in percent of the nominal energy.
fn from_library(text: &str) -> Result<(MachineModel, Vec<String>), ImportError> {
    let lines: Vec<&str> = text.lines().map(|l| l.split('#').next().unwrap_or("").trim()).collect();
    let section = |name: &str| -> Result<f64, ImportError> {
        let at =
            lines.iter().position(|l| *l == name).ok_or_else(|| ImportError::Missing { what: format!("'{name}'") })?;
        let value = lines.get(at + 1).copied().unwrap_or("");
        number(at + 2, name, value)
    };
    let mut machine = MachineModel::generic();
    let mut notes = Vec::new();
    machine.source = "imported from a beam data library (MCsquare)".to_owned();
    machine.nozzle_plane_mm = section("Nozzle exit to Isocenter distance")?;
    machine.virtual_sad_mm = [section("SMX to Isocenter distance")?, section("SMY to Isocenter distance")?];
    machine.range_shifters.clear();
    let mut material = 0.0;
    let mut density = 1.19;
    for (i, line) in lines.iter().enumerate() {
        let Some((key, value)) = line.split_once('=').map(|(k, v)| (k.trim(), v.trim())) else { continue };
        match key {
            "RS_ID" => machine.range_shifters.push(ShifterEntry {
                id: value.to_owned(),
                water_equivalent_mm: 0.0,
                isocentre_distance_mm: None,
                material: None,
            }),
            "RS_material" => material = number(i + 1, key, value)?,
            "RS_density" => density = number(i + 1, key, value)?,
            "RS_WET" => {
                let wet = number(i + 1, key, value)?;
                if let Some(shifter) = machine.range_shifters.last_mut() {
                    shifter.water_equivalent_mm = wet;
                    if material == 64.0 {
                        // PMMA: stopping power 0.979 of water's a gram at 100 MeV (PSTAR), radiation length 40.55 g/cm².
                        shifter.material = Some(ShifterMaterial {
                            name: "PMMA".to_owned(),
                            relative_stopping_power: 0.979 * density,
                            radiation_length_mm: 405.5 / density,
                        });
                    } else {
                        notes.push(format!(
                            "range shifter {}: material number {material} is not known here; it is taken for {}",
                            shifter.id, machine.range_shifter_material.name
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    let head = lines.iter().position(|l| l.starts_with("NominalEnergy")).ok_or_else(|| ImportError::Missing {
        what: "the line of columns that begins with NominalEnergy".to_owned(),
    })?;
    let split = |l: &str| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rows = lines[head + 1..].iter().enumerate().filter(|(_, l)| !l.is_empty());
    let table = Table { names: split(lines[head]), rows: rows.map(|(i, l)| (head + 2 + i, split(l))).collect() };
    let pair = |row: usize, what: &str, n: usize| -> Result<[f64; 2], ImportError> {
        Ok([table.value(row, &format!("{what}{n}x"))?, table.value(row, &format!("{what}{n}y"))?])
    };
    machine.energies.clear();
    for row in 0..table.rows.len() {
        let nominal_mev = table.value(row, "NominalEnergy")?;
        let weight = if table.has("Weight2") { table.value(row, "Weight2")? } else { 0.0 };
        let second = if weight > 0.0 {
            Some(SecondGaussian {
                weight,
                sigma_mm: pair(row, "SpotSize", 2)?,
                divergence_rad: pair(row, "Divergence", 2)?,
                correlation: pair(row, "Correlation", 2)?,
            })
        } else {
            None
        };
        machine.energies.push(EnergyEntry {
            nominal_mev,
            mean_mev: table.value(row, "MeanEnergy")?,
            spread_mev: table.value(row, "EnergySpread")? / 100.0 * nominal_mev,
            protons_per_mu: table.value(row, "ProtonsMU")?,
            sigma_mm: pair(row, "SpotSize", 1)?,
            divergence_rad: pair(row, "Divergence", 1)?,
            correlation: pair(row, "Correlation", 1)?,
            second,
        });
    }
    Ok((machine, notes))
}

/// CSV with a line of names, those of the machine file with `_x` and `_y`; place and angle on the default nozzle plane.
fn from_csv(text: &str) -> Result<(MachineModel, Vec<String>), ImportError> {
    let split = |l: &str| l.split([',', ';']).map(|c| c.trim().to_owned()).collect::<Vec<_>>();
    let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    let (_, head) = lines.next().ok_or_else(|| ImportError::Missing { what: "the line of column names".to_owned() })?;
    let table = Table { names: split(head), rows: lines.map(|(i, l)| (i + 1, split(l))).collect() };
    let pair = |row: usize, what: &str, unit: &str| -> Result<[f64; 2], ImportError> {
        Ok([table.value(row, &format!("{what}_x{unit}"))?, table.value(row, &format!("{what}_y{unit}"))?])
    };
    let mut machine = MachineModel::generic();
    machine.source = "imported from a table (CSV)".to_owned();
    machine.energies.clear();
    for row in 0..table.rows.len() {
        machine.energies.push(EnergyEntry {
            nominal_mev: table.value(row, "nominal_mev")?,
            mean_mev: table.value(row, "mean_mev")?,
            spread_mev: table.value(row, "spread_mev")?,
            protons_per_mu: table.value(row, "protons_per_mu")?,
            sigma_mm: pair(row, "sigma", "_mm")?,
            divergence_rad: pair(row, "divergence", "_rad")?,
            correlation: pair(row, "correlation", "")?,
            second: None,
        });
    }
    let notes = vec![format!(
        "spots are taken to stand {} mm upstream of the isocentre, virtual sources {} and {} mm; edit nozzle_plane_mm and virtual_sad_mm where that is wrong",
        machine.nozzle_plane_mm, machine.virtual_sad_mm[0], machine.virtual_sad_mm[1]
    )];
    Ok((machine, notes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIBRARY: &str = "--UPenn beam model (double gaussian)--\r\n# a comment\r\n\nNozzle exit to Isocenter distance\n410.0\n\n\
        SMX to Isocenter distance\n2234.8\n\nSMY to Isocenter distance\n1859.1\n\nRange Shifter parameters\nRS_ID = RS_Block # id\n\
        RS_type = binary\nRS_material = 64 # PMMA\nRS_density = 1.19\nRS_WET = 73.1\n\nBeam parameters\n2 energies\n\n\
        NominalEnergy MeanEnergy EnergySpread ProtonsMU Weight1 SpotSize1x Divergence1x Correlation1x SpotSize1y Divergence1y \
        Correlation1y Weight2 SpotSize2x Divergence2x Correlation2x SpotSize2y Divergence2y Correlation2y\n\
        200 200.4 0.4 1.4e8 0.96 4.4 0.004 -0.5 4.2 0.003 0.1 0.04 16 0.004 0.5 15 0.005 0.4\n\
        100 100.5 0.7 9.5e7 0.97 7.8 0.003 0.26 7.2 0.0056 0.53 0.03 18 0.007 0.9 17 0.006 0.8\n";

    #[test]
    fn a_beam_data_library_is_read_with_its_halo_and_shifter() {
        let (m, notes) = read(LIBRARY, "ours").unwrap();
        assert_eq!((m.name.as_str(), m.nozzle_plane_mm, m.virtual_sad_mm), ("ours", 410.0, [2234.8, 1859.1]));
        let e = m.energies[0];
        assert_eq!((e.nominal_mev, e.mean_mev, e.protons_per_mu), (100.0, 100.5, 9.5e7));
        assert!((e.spread_mev - 0.7).abs() < 1e-12, "percent of the nominal energy");
        assert_eq!((e.sigma_mm, e.correlation), ([7.8, 7.2], [0.26, 0.53]));
        let second = e.second.unwrap();
        assert_eq!((second.weight, second.sigma_mm), (0.03, [18.0, 17.0]));
        let s = &m.range_shifters[0];
        assert_eq!((s.id.as_str(), s.water_equivalent_mm), ("RS_Block", 73.1));
        // 73.1 mm of water are 62.7 mm of PMMA.
        assert!((73.1 / s.material.as_ref().unwrap().relative_stopping_power - 62.7).abs() < 0.2);
        assert!(!notes.is_empty());
    }

    #[test]
    fn faults_are_named() {
        let say = |text: &str| read(text, "x").unwrap_err().to_string();
        assert!(say(&LIBRARY.replace("SMY to", "SMZ to")).contains("SMY to Isocenter distance"));
        assert!(say(&LIBRARY.replace("9.5e7", "many")).contains("'many'"));
        assert!(say(&LIBRARY.replace("ProtonsMU", "Protons")).contains("ProtonsMU"));
        assert!(say(&LIBRARY.replace(" 7.8 ", " -7.8 ")).contains("sigma_mm"));
        assert!(say("nominal_mev,mean_mev\n100,100\n").contains("spread_mev"));
        assert!(say("").contains("column names"));
    }

    proptest! {
        /// Any beam that the file may hold comes through CSV unchanged.
        #[test]
        fn csv_brings_every_number(
            rows in prop::collection::vec((0.1f64..5.0, 0.1..1.0f64, 1e5..1e9f64, 0.5..20.0f64, 0.0..0.02f64, -1.0..1.0f64), 2..8)
        ) {
            let mut text = String::from("nominal_mev,mean_mev,spread_mev,protons_per_mu,sigma_x_mm,sigma_y_mm,divergence_x_rad,divergence_y_rad,correlation_x,correlation_y\n");
            let mut nominal = 70.0;
            let mut want = Vec::new();
            for (step, spread, protons, sigma, divergence, correlation) in rows {
                nominal += step;
                let e = EnergyEntry {
                    nominal_mev: nominal, mean_mev: nominal + 0.1, spread_mev: spread, protons_per_mu: protons,
                    sigma_mm: [sigma, sigma + 1.0], divergence_rad: [divergence, 0.5 * divergence],
                    correlation: [correlation, -correlation], second: None,
                };
                text += &format!("{},{},{},{},{},{},{},{},{},{}\n", e.nominal_mev, e.mean_mev, e.spread_mev, e.protons_per_mu,
                    e.sigma_mm[0], e.sigma_mm[1], e.divergence_rad[0], e.divergence_rad[1], e.correlation[0], e.correlation[1]);
                want.push(e);
            }
            prop_assert_eq!(read(&text, "x").unwrap().0.energies, want);
        }

        /// No text makes it panic.
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", at in 0usize..1000) {
            let _ = read(&text, "x");
            let mut cut = LIBRARY.to_owned();
            cut.truncate((0..=at.min(LIBRARY.len())).rev().find(|i| LIBRARY.is_char_boundary(*i)).unwrap_or(0));
            let _ = read(&(cut + &text), "x");
        }
    }
}
