//! The Lambda function of `selfcare.residence.change`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::residence_change)
}
