//! The Lambda function of `selfcare.emergency-code.recover.start`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::emergency_code_recover_start)
}
