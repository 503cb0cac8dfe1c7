package enum GuardProgram {}
