package goabi;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Marks a method that {@link Tests} runs. */
@Retention(RetentionPolicy.RUNTIME)
@interface Test {
}
