//! `vestibule dose iso`: the surface of equal dose in a file, as a mesh.

use super::{file, type_name};
use crate::Global;
use crate::output::{Done, Failure, print_json};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use vestibule_geometry::TriMesh;
use vestibule_patient::DoseUnit;

/// What `iso` takes.
#[derive(clap::Args)]
pub struct Args {
    /// RT Dose
    #[arg(value_name = "DOSE.dcm")]
    dose: PathBuf,
    /// The dose of the surface, Gray
    #[arg(long, value_name = "N")]
    gy: f64,
    /// Where to write the mesh: binary PLY, DICOM patient coordinates, mm
    #[arg(long, value_name = "FILE.ply")]
    out: PathBuf,
}

/// Marches.
pub fn run(args: &Args, global: &Global) -> Done {
    if !(args.gy > 0.0 && args.gy.is_finite()) {
        return Err(Failure::call(format!("--gy {}: expected a dose above 0, in Gray", args.gy)));
    }
    let (_, dose) = file::read(&args.dose)?;
    if dose.unit == DoseUnit::Relative {
        return Err(Failure::Work(format!("{} is relative: it has no surface in Gray", args.dose.display())));
    }
    let mesh = TriMesh::marching_cubes(&dose.volume, args.gy);
    if mesh.indices.is_empty() {
        let max = dose.volume.data.iter().copied().fold(0.0f32, f32::max);
        return Err(Failure::Work(format!("no voxel reaches {} Gy: the maximum is {max:.4} Gy", args.gy)));
    }
    write(&args.out, &mesh).map_err(|e| Failure::Work(format!("{}: {e}", args.out.display())))?;
    let (cm3, cm2) = (mesh.volume() / 1000.0, mesh.area() / 100.0);
    if global.json {
        return print_json(&json!({
            "gy": args.gy, "dose_type": type_name(&dose), "engine": dose.engine, "volume_cm3": cm3, "area_cm2": cm2,
            "corners": mesh.positions.len(), "triangles": mesh.triangle_count(),
        }));
    }
    say!("{} Gy, {}: {cm3:.3} cm³, {cm2:.2} cm², {} triangles", args.gy, type_name(&dose), mesh.triangle_count());
    say!("{}; written to {}", dose.engine, args.out.display());
    Ok(())
}

fn write(path: &Path, mesh: &TriMesh) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(out, "ply\nformat binary_little_endian 1.0\ncomment Vestibule, DICOM patient coordinates, mm")?;
    writeln!(out, "element vertex {}", mesh.positions.len())?;
    for name in ["x", "y", "z", "nx", "ny", "nz"] {
        writeln!(out, "property float {name}")?;
    }
    writeln!(out, "element face {}\nproperty list uchar int vertex_indices\nend_header", mesh.triangle_count())?;
    for (p, n) in mesh.positions.iter().zip(&mesh.normals) {
        for v in p.iter().chain(n) {
            out.write_all(&v.to_le_bytes())?;
        }
    }
    for t in mesh.indices.chunks_exact(3) {
        out.write_all(&[3])?;
        for i in t {
            out.write_all(&i.to_le_bytes())?;
        }
    }
    out.flush()
}
