//! The Lambda function of `selfcare.block.emergency`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::block_emergency)
}
