pub mod bench;
pub mod generate;
pub mod make;
pub mod models;
pub mod probe;
pub mod serve;
pub mod styles;
pub mod tools;

use kinora_engine::{Compute, DeviceKind, Precision};

use crate::args::ComputeArgs;
use crate::exit::{Outcome, input, resolving};

/// Opens the device and sets the number of threads.
fn compute(args: &ComputeArgs, recorded: (DeviceKind, Precision)) -> Outcome<Compute> {
    if let Some(threads) = args.threads {
        if threads == 0 || threads > 1024 {
            return Err(input(format!(
                "--threads {threads} is out of range; give 1 to 1024"
            )));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(resolving)?;
    }
    let kind = args.device.unwrap_or(recorded.0);
    let precision = args.dtype.unwrap_or(recorded.1);
    Compute::open(kind, precision).map_err(resolving)
}
