#ifndef C_SQLITE_SHIM_H
#define C_SQLITE_SHIM_H

#include <sqlite3.h>

/*
 * What Swift cannot reach in sqlite3.h by itself: a macro that casts a number to a function
 * pointer, and a variadic function. No policy, no state.
 */

/* Binds `length` bytes, which SQLite copies. Returns an SQLite result code. */
static inline int holdfast_sqlite_bind_bytes(
    sqlite3_stmt *statement, int index, const void *bytes, int length
) {
    /* A null pointer would bind NULL, even for no bytes. */
    return sqlite3_bind_blob(statement, index, length > 0 ? bytes : "", length, SQLITE_TRANSIENT);
}

/* Keeps sqlite3_close from writing: no checkpoint, no removal of the write-ahead log. */
static inline int holdfast_sqlite_leave_log_on_close(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

#endif
