//! The `evenhand` command. Exit codes: 0 fine, 1 a set limit is breached, 2 it could not run, 3 a limit that is judged by intervals is
//! not settled by these rows, and none is breached, 4 a method failed and has no row in the report, and none of the others breaches a limit.

mod args;
mod commands;
mod outputs;
mod printer;
mod progress;
mod reading;

use std::process::ExitCode;

/// Training allocates and frees large tensors all the time, which the system allocator returns to the system each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = args::parse();
    match commands::run(arguments) {
        Ok(commands::Outcome::Fine) => ExitCode::SUCCESS,
        Ok(commands::Outcome::LimitBreached) => ExitCode::from(1),
        Ok(commands::Outcome::LimitOpen) => ExitCode::from(3),
        Ok(commands::Outcome::MethodFailed) => ExitCode::from(4),
        // Whoever reads our output may stop early, as `head` does.
        Err(error) if printer::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            printer::error(&error);
            ExitCode::from(2)
        }
    }
}
