/* assert.h - checks for bugs of ours, never for bytes from outside. SL_ASSERT is on in every build and
 * cheap; SL_VALIDATE is on in debug builds and may cost a loop. Both abort with file, line and text. */
#ifndef SL_COMMON_ASSERT_H
#define SL_COMMON_ASSERT_H

_Noreturn void sl_assert_fail(const char *file, int line, const char *text);

#define SL_ASSERT(condition) ((condition) ? (void)0 : sl_assert_fail(__FILE__, __LINE__, #condition))
#ifdef SL_DEBUG
#define SL_VALIDATE(condition) SL_ASSERT(condition)
#else
#define SL_VALIDATE(condition) ((void)0)
#endif

#endif
